"""What holds for every test."""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings

# How long an example takes says how busy the machine is; speed is measured by `make bench`.
settings.register_profile("zuil", deadline=None)
settings.load_profile("zuil")

MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes that must be free there; a run takes about one and a half GiB."""


def work_in_memory():
    """Put temporary files in memory where there is room, unless somebody chose a place.

    Each test has a database of its own, hundreds of files on PostgreSQL; on ext4 a file costs ten times as
    much while many were just deleted.
    """
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


work_in_memory()
