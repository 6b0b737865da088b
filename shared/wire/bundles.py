"""A release of the zuil's program as one signed file.

A bundle is a tar archive under zstandard: first `manifest.json`, then its signature, then the files
that the manifest names, in its order. The signature is Ed25519 over the manifest's bytes; the manifest
holds size and SHA-256 of every file, so nothing in a bundle goes unsigned.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum
from typing import IO, Final

import msgspec
import zstandard

from shared.domain.releases import Formats, Needs, parse_keys, parse_version
from shared.domain.sayings import Saying, english

SUFFIX: Final = ".zuil"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
MOST_BYTES: Final = 64 << 20
"""Of a bundle, and of everything in it together with its libraries three times as much."""
MOST_UNPACKED: Final = 3 * MOST_BYTES
_PURPOSE: Final = b"zuil: a release of the program\n"
_MOST_MANIFEST: Final = 4 << 20
_MOST_WINDOW: Final = 8 << 20
"""Bytes of memory that unpacking may take on a zuil."""
_PATH: Final = re.compile(r"(device|shared|lib)(/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)+")
_START: Final = "device/__main__.py"


class Flaw(StrEnum):
    """What is wrong with a bundle, for who says it in another language."""

    STRANGE = "strange"
    DAMAGED = "damaged"
    UNSIGNED = "unsigned"


class BundleError(Exception):
    """This is no bundle, or not one to trust; its text is one sentence."""

    def __init__(self, sentence: str, flaw: Flaw = Flaw.STRANGE) -> None:
        super().__init__(sentence)
        self.flaw = flaw


class ReleaseManifest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a release is, and what it asks of a zuil (`shared.domain.releases.Needs`).

    files: by path, size and SHA-256 in hexadecimal. formats: by file, the format it writes and the newest it
    reads. keys: Ed25519 public keys in hexadecimal; when there are any, a zuil that runs this release takes
    the next one only under one of these: that is how a key is replaced.
    """

    version: str
    files: dict[str, tuple[int, str]]
    formats: dict[str, tuple[int, int]]
    notes: str = ""
    machine: str = ""
    python: str = ""
    minimum: str = ""
    keys: list[str] = []

    @property
    def unpacked(self) -> int:
        """Return how many bytes its files are together."""
        return sum(size for size, _ in self.files.values())

    @property
    def needs(self) -> Needs:
        """Return what it asks of a zuil, in the words of the rules."""
        formats = {name: Formats(*pair) for name, pair in self.formats.items()}
        return Needs(self.machine, self.python, self.minimum, formats)


class Bundle:
    """A bundle that is being read; it is whole and trusted once `files` came to its end.

    key: which of the trusted keys signed it.

    Raises:
        BundleError: it is no bundle, or none of these keys signed it.
    """

    def __init__(self, stream: IO[bytes], keys: Collection[str]) -> None:
        reader = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW).stream_reader(stream)
        try:
            self._archive = tarfile.open(fileobj=reader, mode="r|")  # noqa: SIM115 - the stream's owner closes
            self.raw = self._member(MANIFEST, _MOST_MANIFEST)
            self.signature = self._member(SIGNATURE, _MOST_MANIFEST)
        except (zstandard.ZstdError, tarfile.TarError, EOFError) as error:
            raise BundleError(english(Saying.NO_RELEASE, trouble=error)) from error
        self.key = signer(self.raw, self.signature, keys)
        self.manifest = read_manifest(self.raw)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of every file, each as it was signed.

        Raises:
            BundleError: a file is missing, damaged, or not one of the manifest.
        """
        for path, (size, digest) in self.manifest.files.items():
            try:
                content = self._member(path, size)
            except (zstandard.ZstdError, tarfile.TarError, EOFError) as error:
                raise BundleError(english(Saying.RELEASE_DAMAGED, trouble=error), Flaw.DAMAGED) from error
            if len(content) != size or hashlib.sha256(content).hexdigest() != digest:
                raise BundleError(
                    english(Saying.RELEASE_DAMAGED, trouble=f"{path} is not what was signed"), Flaw.DAMAGED
                )
            yield path, content

    def _member(self, name: str, most: int) -> bytes:
        member = self._archive.next()
        if member is None or member.name != name or not member.isfile() or member.size > most:
            raise BundleError(english(Saying.NO_RELEASE, trouble=f"{name} is not where it should be"))
        file = self._archive.extractfile(member)
        return b"" if file is None else file.read()


def sign(raw: bytes, secret: bytes) -> bytes:
    """Return the signature of a manifest under an Ed25519 secret of 32 bytes."""
    from nacl.signing import SigningKey

    return SigningKey(secret).sign(_PURPOSE + raw).signature


def signer(raw: bytes, signature: bytes, keys: Collection[str]) -> str:
    """Return which of the trusted keys signed a manifest.

    Raises:
        BundleError: none of them.
    """
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    for key in keys:
        try:
            VerifyKey(bytes.fromhex(key)).verify(_PURPOSE + raw, signature)
        except CryptoError:
            continue
        return key
    raise BundleError(english(Saying.UNSIGNED), Flaw.UNSIGNED)


def read_manifest(raw: bytes) -> ReleaseManifest:
    """Return a manifest that makes sense.

    Raises:
        BundleError: it does not.
    """
    try:
        manifest = msgspec.json.decode(raw, type=ReleaseManifest)
        parse_version(manifest.version)
        if manifest.minimum:
            parse_version(manifest.minimum)
        parse_keys(" ".join(manifest.keys))
    except (msgspec.MsgspecError, ValueError) as error:
        raise BundleError(f"The manifest of the release cannot be used: {error}.") from error
    _check_files(manifest.files)
    return manifest


def _check_files(files: Mapping[str, tuple[int, str]]) -> None:
    strange = next((path for path in files if not _PATH.fullmatch(path)), None)
    if strange is not None:
        raise BundleError(f"The release holds a file that does not belong in it: {strange!r}.")
    if _START not in files:
        raise BundleError(f"The release cannot be started: it holds no {_START}.")
    if any(size < 0 for size, _ in files.values()) or sum(size for size, _ in files.values()) > MOST_UNPACKED:
        raise BundleError(f"The release is larger than {MOST_UNPACKED >> 20} MB.")
