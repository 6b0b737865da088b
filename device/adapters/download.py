"""A large file over a bad line: go on where it broke off, and believe nothing unsigned."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import httpx

from device.ports import LinkError
from shared.wire.bundles import SUFFIX
from shared.wire.messages import ReleaseOffer, SnapshotInfo

Open = Callable[[dict[str, str]], httpx.Response]


def download(snapshot: SnapshotInfo, folder: Path, signing_key: bytes, open_at: Open) -> Path:
    """Return the whole, verified file of a snapshot; other files of its card system are removed.

    `open_at` sends the request with the given headers and returns the open response.

    Raises:
        LinkError: broken off (what came is kept), or not what the server signed (nothing is kept).
        httpx.HTTPError: broken off while reading (what came is kept).
    """
    whole = folder / f"{snapshot.system}-{snapshot.sha256}.cards"
    part, tag = whole.with_suffix(".part"), whole.with_suffix(".etag")
    for other in folder.glob(f"{snapshot.system}-*"):
        if other not in (whole, part, tag):
            other.unlink()
    if not whole.exists():
        _fill(part, tag, snapshot.size, open_at, lambda _: None)
        _verify(part, snapshot, signing_key)
        part.replace(whole)
        tag.unlink(missing_ok=True)
    return whole


def download_release(offer: ReleaseOffer, folder: Path, open_at: Open, pace: Callable[[int], None]) -> Path:
    """Return the whole bundle of a release, as the server described it; what it holds is checked later.

    Raises:
        LinkError: broken off (what came is kept), or not what the server described (nothing is kept).
        httpx.HTTPError: broken off while reading (what came is kept).
    """
    whole = folder / f"{offer.sha256}{SUFFIX}"
    part, tag = whole.with_suffix(".part"), whole.with_suffix(".etag")
    for other in folder.iterdir():
        if other not in (whole, part, tag):
            other.unlink()
    if not whole.exists():
        _fill(part, tag, offer.size, open_at, pace)
        if part.stat().st_size < offer.size:
            raise LinkError("The download of the release broke off.")
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != offer.sha256:
            part.unlink()
            raise LinkError("The release is not what the server described; it was thrown away.")
        part.replace(whole)
        tag.unlink(missing_ok=True)
    return whole


def _fill(part: Path, tag: Path, size: int, open_at: Open, pace: Callable[[int], None]) -> None:
    known = tag.read_text() if tag.exists() else ""
    have = part.stat().st_size if known and part.exists() else 0
    if have >= size > 0:
        return
    headers = {"Range": f"bytes={have}-", "If-Range": known} if have else {}
    # The blocks are compressed already; a transfer coding would break the byte ranges.
    response = open_at({**headers, "Accept-Encoding": "identity"})
    try:
        if not response.is_success:
            response.read()
            raise LinkError(f"The file is not there (the server answered {response.status_code}).")
        goes_on = response.status_code == HTTPStatus.PARTIAL_CONTENT
        tag.write_text(response.headers.get("ETag", ""))
        with part.open("ab" if goes_on else "wb") as file:
            # As it comes: with a chunk size, httpx would drop the last part of a broken line.
            for piece in response.iter_raw():
                file.write(piece)
                pace(len(piece))
    finally:
        response.close()


def _verify(part: Path, snapshot: SnapshotInfo, signing_key: bytes) -> None:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    if part.stat().st_size < snapshot.size:
        raise LinkError("The download of the snapshot broke off.")
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    try:
        # The digest of the file, not the one of the message: only what was signed is believed.
        VerifyKey(signing_key).verify(digest, snapshot.signature)
    except BadSignatureError as error:
        part.unlink()
        raise LinkError("The snapshot is not what the server signed; it was thrown away.") from error
