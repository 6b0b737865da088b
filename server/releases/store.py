"""Keeping releases: what a trusted key signed goes in, and any machine gives it to zuilen."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.kernel.errors import ProblemError
from server.releases.models import Release, ReleasePart
from shared.wire.bundles import MOST_BYTES, SUFFIX, Bundle, BundleError, Flaw

_PART_BYTES: Final = 1 << 20


class Unkept(StrEnum):
    """Why a good file is not kept."""

    KNOWN = "known"
    NO_KEYS = "no-keys"
    LARGE = "large"


class ReleaseRefusedError(Exception):
    """A file is no release, or not one to keep; its text is one sentence.

    flaw: what is wrong with the file itself, or why this server does not keep it. about: a version, a size.
    """

    def __init__(self, sentence: str, flaw: Flaw | Unkept, about: object = "") -> None:
        super().__init__(sentence)
        self.flaw = flaw
        self.about = about


def add_release(
    session: Session, content: bytes, keys: Sequence[str], now: datetime, *, staff_id: int | None = None
) -> Release:
    """Keep a bundle. The same bundle again is the one that is there.

    keys: the public keys that this installation trusts, in hexadecimal.

    Raises:
        ReleaseRefusedError: nobody trusted signed it, it is damaged, or its version is another bundle here.
    """
    bundle = _checked(content, keys)
    manifest, digest = bundle.manifest, hashlib.sha256(content).hexdigest()
    known = find_version(session, manifest.version)
    if known is not None:
        if known.sha256 == digest:
            return known
        sentence = f"Version {manifest.version} is here already, and is not the same."
        raise ReleaseRefusedError(sentence, Unkept.KNOWN, manifest.version)
    release = Release(
        version=manifest.version,
        sha256=digest,
        size=len(content),
        unpacked=manifest.unpacked,
        key=bundle.key,
        notes=manifest.notes,
        asks={
            "machine": manifest.machine,
            "python": manifest.python,
            "minimum": manifest.minimum,
            "formats": manifest.formats,
        },
        added_at=now,
        added_by=staff_id,
    )
    session.add(release)
    session.flush()
    session.add_all(
        ReleasePart(release_id=release.id or 0, number=number, content=content[first : first + _PART_BYTES])
        for number, first in enumerate(range(0, len(content), _PART_BYTES))
    )
    record(session, "add-release", "release", manifest.version, staff_id=staff_id, detail={"key": bundle.key})
    return release


def find_version(session: Session, version: str) -> Release | None:
    """Return the release of a version."""
    return session.exec(select(Release).where(Release.version == version)).first()


def file_name(release: Release) -> str:
    """Return the name under which zuilen fetch a release: unique to its content."""
    return f"{release.sha256}{SUFFIX}"


def release_file(session: Session, folder: Path, name: str) -> Path:
    """Return a release as a file in `folder`, from the database when this machine has none yet.

    Raises:
        ProblemError: 404, there is no such release.
    """
    digest = name.removesuffix(SUFFIX)
    found = session.exec(select(Release).where(Release.sha256 == digest)).first()
    if found is None or name != file_name(found):
        raise ProblemError(404, "There is no such release.")
    path = folder / name
    if not path.exists():
        _write(session, found, path)
    return path


def _write(session: Session, release: Release, path: Path) -> None:
    parts = select(ReleasePart.content).where(ReleasePart.release_id == release.id)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two requests at once each write their own draft; the last one to be done gives it the name.
    descriptor, draft = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        for content in session.exec(parts.order_by(col(ReleasePart.number))):
            file.write(content)
    Path(draft).replace(path)


def _checked(content: bytes, keys: Sequence[str]) -> Bundle:
    if not keys:
        sentence = "This server trusts no key yet: set ZUIL_RELEASE_KEYS."
        raise ReleaseRefusedError(sentence, Unkept.NO_KEYS)
    if len(content) > MOST_BYTES:
        most = MOST_BYTES >> 20
        raise ReleaseRefusedError(f"A release is at most {most} MB.", Unkept.LARGE, most)
    try:
        bundle = Bundle(io.BytesIO(content), keys)
        for _ in bundle.files():
            pass
    except BundleError as error:
        raise ReleaseRefusedError(str(error), error.flaw) from error
    return bundle
