"""Saving what can be read of a damaged journal."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_JUMP: Final = 1000
"""A salvaged journal goes on this far ahead, so that no number a lost row had is given out twice."""

_Row = tuple[Any, ...]


def set_aside_and_salvage(path: Path, schema: tuple[str, ...]) -> tuple[int, Path]:
    """Keep a damaged journal under another name and write its readable rows into a new one.

    Returns the number of rows saved and where the damaged file is. The server sees the missing
    numbers as a gap and says so (`design/sync.md` 5).
    """
    kept = path.with_name(f"{path.stem}-damaged-{int(time.time())}.db")
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(kept.with_name(kept.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    target = sqlite3.connect(path, isolation_level=None)
    saved = last = 0
    with contextlib.closing(target):
        target.execute("PRAGMA synchronous = FULL")
        target.executescript(f"BEGIN; {';'.join(schema)}; PRAGMA user_version = {len(schema)};")
        for row in _readable_rows(kept):
            target.execute("INSERT OR IGNORE INTO tap VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            saved, last = saved + 1, max(last, row[0])
        through = _through(kept)
        target.execute("UPDATE mark SET value = ? WHERE name = 'through'", (through,))
        next_seq = max(last, through) + _JUMP
        target.execute("UPDATE mark SET value = ? WHERE name = 'sequence_from'", (next_seq,))
        target.execute("COMMIT")
    return saved, kept


def _readable_rows(damaged: Path) -> Iterator[_Row]:
    """Yield every row that can be read, from the front and then, past the damage, from the back."""
    front = 0
    for order in ("ASC", "DESC"):
        with (
            contextlib.suppress(sqlite3.DatabaseError),
            contextlib.closing(sqlite3.connect(damaged)) as source,
        ):
            rows = source.execute(f"SELECT * FROM tap NOT INDEXED ORDER BY seq {order}")  # noqa: S608 - constants
            for row in rows:
                if order == "DESC" and row[0] <= front:
                    return
                front = row[0] if order == "ASC" else front
                yield row
            return


def _through(damaged: Path) -> int:
    with contextlib.suppress(sqlite3.DatabaseError), contextlib.closing(sqlite3.connect(damaged)) as source:
        row = source.execute("SELECT value FROM mark WHERE name = 'through'").fetchone()
        return int(row[0]) if row else 0
    return 0
