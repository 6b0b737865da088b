"""From a tree of sources, and wheels of libraries, to a signed bundle: the same input is the same file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

import msgspec
import zstandard

from shared.wire.bundles import MANIFEST, SIGNATURE, BundleError, ReleaseManifest, read_manifest, sign

PACKAGES: Final = ("device", "shared")
LIBRARIES: Final = "lib"
_LEVEL: Final = 19
_ASK: Final = (
    "import json; from device import VERSION; from device.formats import FORMATS;"
    " print(json.dumps({'version': VERSION, 'formats': FORMATS.copy()}))"
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a bundle is made of.

    tree: holds the packages `device` and `shared`. wheels: libraries that go along; none: those on the SD
    card do. machine, python: what those wheels are for. The rest: `shared.wire.bundles.ReleaseManifest`.
    """

    tree: Path
    wheels: Sequence[Path] = ()
    machine: str = ""
    python: str = ""
    minimum: str = ""
    notes: str = ""
    keys: Sequence[str] = ()


def build(recipe: Recipe, secret: bytes) -> tuple[ReleaseManifest, bytes]:
    """Return the manifest and the bytes of a bundle, signed with an Ed25519 secret of 32 bytes.

    Raises:
        BundleError: something that is needed is missing, or a release cannot be like this.
    """
    files = {**_sources(recipe.tree), **_libraries(recipe.wheels)}
    said = _ask(recipe.tree)
    manifest = ReleaseManifest(
        version=said["version"],
        formats=said["formats"],
        files={path: (len(files[path]), hashlib.sha256(files[path]).hexdigest()) for path in sorted(files)},
        notes=recipe.notes,
        machine=recipe.machine,
        python=recipe.python,
        minimum=recipe.minimum,
        keys=list(recipe.keys),
    )
    raw = msgspec.json.encode(manifest)
    return read_manifest(raw), pack(raw, sign(raw, secret), files)


def pack(raw: bytes, signature: bytes, files: Mapping[str, bytes]) -> bytes:
    """Return the archive: manifest, signature and files, without a date or an owner."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in {MANIFEST: raw, SIGNATURE: signature, **dict(sorted(files.items()))}.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o644
            archive.addfile(member, io.BytesIO(data))
    return zstandard.ZstdCompressor(level=_LEVEL).compress(content.getvalue())


def _sources(tree: Path) -> dict[str, bytes]:
    found = {}
    for package in PACKAGES:
        for file in (tree / package).rglob("*"):
            path = file.relative_to(tree)
            if file.is_file() and "__pycache__" not in path.parts:
                found[path.as_posix()] = file.read_bytes()
    return found


def _libraries(wheels: Sequence[Path]) -> dict[str, bytes]:
    """Return the modules in wheels; what a wheel puts elsewhere (scripts, headers) a zuil does not need."""
    found: dict[str, bytes] = {}
    for wheel in wheels:
        try:
            with zipfile.ZipFile(wheel) as archive:
                for name in archive.namelist():
                    parts = PurePosixPath(name).parts
                    if not name.endswith("/") and not parts[0].endswith(".data"):
                        found[f"{LIBRARIES}/{name}"] = archive.read(name)
        except (OSError, zipfile.BadZipFile) as error:
            raise BundleError(f"{wheel} is no wheel: {error}.") from error
    return found


def _ask(tree: Path) -> dict[str, Any]:
    """Ask the program in the tree itself which version it is, and which formats it writes and reads."""
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-P", "-c", _ASK], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise BundleError(f"The program in {tree} cannot be asked for its version: {last}.")
    said: dict[str, Any] = json.loads(done.stdout)
    return said
