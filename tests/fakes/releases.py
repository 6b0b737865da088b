"""Releases to take: a copy of our own sources that says it is another version, sound or broken on purpose."""

import shutil
from pathlib import Path

from nacl.signing import SigningKey

from server.bundling.building import Recipe, build

ROOT = Path(__file__).parents[2]
SECRET = bytes(range(1, 33))
PUBLIC = bytes(SigningKey(SECRET).verify_key).hex()
OTHER_SECRET = bytes(range(2, 34))
OTHER_PUBLIC = bytes(SigningKey(OTHER_SECRET).verify_key).hex()

DOES_NOT_START = ("device/__main__.py", "import argparse\n", "import argparse, not_there\n")
READER_FAILS = (
    "device/adapters/virtual.py",
    "    def look(self) -> Sight:\n",
    "    def look(self) -> Sight:\n        raise RuntimeError('This release cannot read.')\n",
)
LEAPS = (
    "device/formats.py",
    "JOURNAL: Final = Formats(writes=1, reads=1)",
    "JOURNAL: Final = Formats(writes=2, reads=2)",
)
"""Writes a journal that the program before it cannot read."""
IMPATIENT = ("device/core/updating.py", "offer.version, offer.quiet_seconds)", "offer.version, 1.0)")
"""Not broken: it does not wait two minutes after a tap before it takes the next one."""
NEVER_SYNCS = (
    "device/adapters/link.py",
    "    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:\n",
    "    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:\n        raise LinkError('No.')\n",
)


def tree(folder, version, *changes):
    """Copy our sources to `folder` under another version; each change is (file, text, text instead)."""
    for package in ("device", "shared"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    changes = [*changes, ("device/__init__.py", 'VERSION: Final = "0.1.0"', f'VERSION: Final = "{version}"')]
    for file, before, after in changes:
        text = (folder / file).read_text()
        assert before in text, f"{file} has changed"
        (folder / file).write_text(text.replace(before, after))
    return folder


def bundle(folder, version, *changes, secret=SECRET, **recipe):
    """Return the manifest and the bytes of a signed bundle; `folder` is made for its sources."""
    return build(Recipe(tree=tree(folder, version, *changes), **recipe), secret)


def tiny(folder, version, main="", formats=None):
    """Write sources of a program of a few lines that passes for a zuil's; `main` is what it does."""
    (folder / "device").mkdir(parents=True)
    (folder / "shared").mkdir()
    (folder / "device/__init__.py").write_text(f"VERSION = {version!r}\n")
    (folder / "device/formats.py").write_text(
        f"FORMATS = {formats or {'journal': (1, 1), 'cache': (1, 1)}}\n"
    )
    (folder / "device/__main__.py").write_text(main)
    return folder


def tiny_bundle(folder, version, main="", *, formats=None, secret=SECRET, **recipe):
    """Return the bytes of a bundle of a tiny program."""
    return build(Recipe(tree=tiny(folder, version, main, formats), **recipe), secret)[1]
