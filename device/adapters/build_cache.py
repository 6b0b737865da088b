"""Build a fresh cache from snapshot files, in a process of its own.

`python -m device.adapters.build_cache NEW OLD SYSTEM=FILE...` writes NEW, takes the check-ins
over from OLD, and prints a JSON object with the cards and the checksum of each card system.
A process of its own, because decoding a million cards would hold the interpreter of the tap loop.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

from device.formats import CACHE
from shared.wire.cards import MalformedBlockError, add_checksums, format_checksum, read_snapshot, row_hash

SCHEMA: Final = (
    """
    CREATE TABLE card (
        token INTEGER PRIMARY KEY,
        passholder INTEGER NOT NULL,
        state INTEGER NOT NULL,
        active_until INTEGER NOT NULL,
        points INTEGER NOT NULL,
        system INTEGER NOT NULL
    );
    CREATE TABLE card_set (system INTEGER PRIMARY KEY, cards INTEGER NOT NULL, checksum TEXT NOT NULL);
    CREATE TABLE checkin (
        id TEXT PRIMARY KEY, passholder INTEGER NOT NULL, event TEXT NOT NULL, at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX checkin_passholder ON checkin (passholder, event);
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """,
)
_LOWEST: Final = 19
UPSERT_CARD: Final = "INSERT OR REPLACE INTO card VALUES (?, ?, ?, ?, ?, ?)"
UPSERT_SET: Final = "INSERT OR REPLACE INTO card_set VALUES (?, ?, ?)"


def build(new: Path, old: Path, snapshots: dict[int, Path]) -> dict[int, tuple[int, str]]:
    """Write the cache at `new`; return (cards, checksum) by card system id.

    Every block is a transaction that reaches the disk: one flush of the whole file at the end
    would make the journal of the tap loop wait behind it on an SD card.

    Raises:
        MalformedBlockError: a snapshot file is damaged.
    """
    new.unlink(missing_ok=True)
    with closing(sqlite3.connect(new, isolation_level=None)) as target:
        target.execute("PRAGMA journal_mode = OFF")
        target.execute("PRAGMA synchronous = NORMAL")
        target.executescript(f"{';'.join(SCHEMA[: CACHE.writes])}; PRAGMA user_version = {CACHE.writes}")
        sets = {system: _load(target, system, path) for system, path in snapshots.items()}
        if old.exists():
            target.execute("ATTACH ? AS old", (f"{old}",))
            target.execute("INSERT INTO checkin SELECT * FROM old.checkin")
        return sets


def _load(target: sqlite3.Connection, system: int, path: Path) -> tuple[int, str]:
    cards = checksum = 0
    with path.open("rb") as source:
        for rows in read_snapshot(source):
            target.execute("BEGIN")
            target.executemany(UPSERT_CARD, ((*row, system) for row in rows))
            target.execute("COMMIT")
            cards += len(rows)
            checksum = add_checksums(checksum, *map(row_hash, rows))
    target.execute(UPSERT_SET, (system, cards, format_checksum(checksum)))
    return cards, format_checksum(checksum)


def main(arguments: list[str]) -> int:
    """Run as a command; 1 and one sentence on stderr when a file cannot be used."""
    new, old, *pairs = arguments
    os.nice(_LOWEST)
    snapshots = {int(system): Path(path) for system, _, path in (pair.partition("=") for pair in pairs)}
    try:
        sets = build(Path(new), Path(old), snapshots)
    except (MalformedBlockError, OSError, sqlite3.Error) as error:
        print(f"No new cache was built: {error}.", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    print(json.dumps(sets))  # noqa: T201 - a command's answer
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
