"""A wall clock that lies to one real process (libfaketime); its monotonic clock goes on, as on a Pi."""

from __future__ import annotations

import importlib.metadata
from datetime import UTC, datetime
from pathlib import Path

import pytest

SHARED = Path("/dev/shm")
"""Where the library keeps a clock and a lock for each process; one that is killed leaves them behind."""


class LyingWall:
    """The wall clock of a process started with `environment`; it can be set while the process runs."""

    def __init__(self, folder):
        files = importlib.metadata.files("libfaketime") or []
        library = next(
            (Path(file.locate()) for file in files if file.name.startswith("libfaketime.so")), None
        )
        if library is None:
            pytest.skip("libfaketime has no library for this machine")
        self._file = folder / "wall"
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "TZ": "UTC",
        }

    def set(self, at):
        """Let the clock run on from `at`, an aware datetime."""
        draft = self._file.with_suffix(".new")
        ahead = at.astimezone(UTC) - datetime.now(UTC)
        draft.write_text(f"{ahead.total_seconds():+.3f}")
        draft.replace(self._file)
        return self

    @staticmethod
    def sweep():
        """Remove what processes that are gone left in memory."""
        for left in SHARED.glob("*faketime_*_*"):
            if not Path("/proc", left.name.rpartition("_")[2]).exists():
                left.unlink(missing_ok=True)
