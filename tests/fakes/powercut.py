"""Power cuts at every write: a real process is recorded, and every moment of it becomes a disk to start from.

What was not synchronised is lost, or survives in part: a flash card keeps the pages it likes. Names
follow the journal of the file system: in order, and brought to the disk by any synchronisation.
"""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent
PAGE = 4096


class Change(NamedTuple):
    """One change: create C, write W, truncate T, synchronise S, unlink U or rename R."""

    kind: str
    path: str
    at: int
    content: bytes


def record(folder, script):
    """Run a Python script on files in `folder` and return every change it made, in order."""
    log = folder.with_name(f"{folder.name}.log")
    environment = {
        **os.environ,
        "LD_PRELOAD": str(_recorder(folder.parent)),
        "RECORD_DIR": str(folder),
        "RECORD_LOG": str(log),
        "PYTHONPATH": str(HERE.parent),
    }
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        cwd=HERE.parents[1],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(_changes(log.read_bytes()))


def _recorder(folder):
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(
            ["apt-get", "install", "-y", "-qq", "gcc", "libc6-dev"], capture_output=True, check=False
        )
        compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("a C compiler is needed to record what reaches the disk")
    library = folder / "diskrecord.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-w", "-o", library, HERE / "diskrecord.c", "-ldl"], check=True
    )
    return library


def _changes(log):
    place = 0
    while place < len(log):
        kind = chr(log[place])
        (length,) = struct.unpack_from("<Q", log, place + 1)
        path = log[place + 9 : place + 9 + length].decode()
        at, size = struct.unpack_from("<QQ", log, place + 9 + length)
        place += 25 + length
        yield Change(kind, path, at, log[place : place + size])
        place += size


class File:
    """One file: its content now, what of it is on the disk, and the pages that differ."""

    def __init__(self):
        self.live, self.kept, self.loose = bytearray(), b"", set()

    def write(self, at, content):
        self.live.extend(bytes(max(0, at - len(self.live))))
        self.live[at : at + len(content)] = content
        self.loose.update(range(at // PAGE, (at + len(content) - 1) // PAGE + 1))

    def resize(self, size):
        del self.live[size:]
        self.live.extend(bytes(size - len(self.live)))

    def synchronise(self):
        self.kept, self.loose = bytes(self.live), set()

    def partly(self, draw):
        """What is found when the card kept some of the pages that it was not asked to keep."""
        found = bytearray(self.kept)
        found.extend(bytes(max(0, len(self.live) - len(found))))
        del found[len(self.live) :]
        for page in sorted(self.loose):
            if draw.random() < 0.5:
                span = slice(page * PAGE, min((page + 1) * PAGE, len(self.live)))
                found[span] = self.live[span]
        return bytes(found)


class Disk:
    """What a disk holds: as the system sees it, and as it would be found after a power cut."""

    def __init__(self):
        self._names, self._kept_names = {}, {}

    def apply(self, change):
        """Let one change happen."""
        file = self._names.get(change.path)
        match change.kind:
            case "C" if file is None:
                self._names[change.path] = File()
            case "C":
                file.resize(0)
            case "W":
                file.write(change.at, change.content)
            case "T":
                file.resize(change.at)
            case "U":
                del self._names[change.path]
            case "R":
                self._rename(change.path, change.content.decode())
            case "S":
                if file is not None:
                    file.synchronise()
                self._kept_names = dict(self._names)

    def _rename(self, before, after):
        """Rename a file, or a folder with everything in it."""
        for path in [path for path in self._names if path == before or path.startswith(f"{before}/")]:
            self._names[after + path.removeprefix(before)] = self._names.pop(path)

    def found(self, folder, base, draw=None):
        """Write what is found after a cut: what was synchronised; with `draw`, also some of the rest."""
        for name, file in (self._kept_names if draw is None else self._names).items():
            target = folder / Path(name).relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.kept if draw is None else file.partly(draw))


def every_cut(changes, base, folder, *, every=1):
    """Yield (number of changes made, folder as found) for a cut after each change, in both ways."""
    disk = Disk()
    for number, change in enumerate(changes, 1):
        disk.apply(change)
        if number % every:
            continue
        for draw in (None, random.Random(number)):
            found = folder / "found"
            shutil.rmtree(found, ignore_errors=True)
            found.mkdir(parents=True)
            disk.found(found, base, draw)
            yield number, found
