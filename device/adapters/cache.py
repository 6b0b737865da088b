"""The cache: a SQLite file with a copy of the server's data, which can be thrown away at any moment.

The tap loop reads through a connection of its own and never waits: deltas are applied in small
transactions by another, and a snapshot is built in a process of its own, beside this file.
"""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from device.adapters.build_cache import SCHEMA, UPSERT_CARD, UPSERT_SET
from device.adapters.erasing import erase, sync_folder
from device.adapters.sense import CONFIG, CONFIG_MARK, FORMER_KEY, makes_sense, mark_of
from device.adapters.sqlite import connect, is_damage, is_sound, migrate, transaction
from device.formats import CACHE
from device.ports import CacheError, CacheState
from shared.wire.cards import (
    CardRow,
    MalformedBlockError,
    add_checksums,
    decode_block,
    format_checksum,
    row_hash,
)
from shared.wire.messages import Changes, CheckinMessage, KioskConfig, SnapshotInfo

_DELTA_ROWS: Final = 200
_BUILD_SECONDS: Final = 1800
_PAUSE_SECONDS: Final = 0.002
_CURSOR, _CONFIG_VERSION = "cursor", "config_version"
_CARD: Final = "SELECT token, passholder, state, active_until, points FROM card WHERE token = ?"
_CHECKINS: Final = "SELECT id, at FROM checkin WHERE passholder = ? AND event = ?"
_HAS_CHECKIN: Final = "SELECT 1 FROM checkin WHERE id = ?"
_SET_FACT: Final = "INSERT OR REPLACE INTO fact VALUES (?, ?)"
log = logging.getLogger(__name__)


class SqliteCache:
    """The cache of one zuil at `path`.

    Raises:
        CacheError: the file cannot be opened or made.
        NewerSchemaError: a newer version of the program wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._writing = threading.RLock()
        self._damaged = False
        self._unwanted = False
        with _translated(path):
            self._open()

    def card(self, token: int) -> CardRow | None:
        rows = self._read(_CARD, (token,))
        return CardRow._make(rows[0]) if rows else None

    def checkins(self, passholder: int, event: str) -> list[tuple[str, int]]:
        return self._read(_CHECKINS, (passholder, event))

    def has_checkin(self, checkin_id: str) -> bool:
        with _translated(self._path), self._reading:
            return self._reader.execute(_HAS_CHECKIN, (checkin_id,)).fetchone() is not None

    def config(self) -> KioskConfig | None:
        text = self.recall(CONFIG)
        try:
            return None if text is None else msgspec.json.decode(text, type=KioskConfig)
        except msgspec.ValidationError:
            log.warning("The configuration in the cache is of another version; waiting for a new one.")
            return None

    def former_keys(self) -> dict[int, bytes]:
        with _translated(self._path), self._writing:
            rows = self._writer.execute("SELECT name, value FROM fact WHERE name LIKE 'key.%'").fetchall()
        return {int(name.removeprefix(FORMER_KEY)): bytes.fromhex(value) for name, value in rows}

    def apply(self, changes: Changes) -> None:
        with _translated(self._path), self._writing:
            self._require_wanted()
            for system, block in changes.cards.items():
                self._apply_cards(int(system), decode_block(block))
            with transaction(self._writer):
                if changes.config is not None:
                    self._apply_config(changes.config)
                self._add_checkins(changes.checkins)
                self._writer.execute(_SET_FACT, (_CURSOR, changes.cursor))

    def checksums(self) -> dict[str, str]:
        with _translated(self._path), self._writing:
            rows = self._writer.execute("SELECT system, checksum FROM card_set").fetchall()
        return {str(system): checksum for system, checksum in rows}

    def replace(self, snapshots: Sequence[tuple[SnapshotInfo, Path]]) -> None:
        new = self._path.with_name("cache-new.db")
        command = [sys.executable, "-m", "device.adapters.build_cache", str(new), str(self._path)]
        command += [f"{info.system}={path}" for info, path in snapshots]
        built = subprocess.run(  # noqa: S603 - our own module
            command, capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False
        )
        if built.returncode:
            raise CacheError(
                built.stderr.strip().splitlines()[-1] if built.stderr else "The build was killed."
            )
        sets = msgspec.json.decode(built.stdout, type=dict[str, tuple[int, str]])
        for info, _ in snapshots:
            if sets[str(info.system)] != (info.cards, info.checksum):
                raise CacheError(f"The snapshot of card system {info.system} does not hold what it says.")
        with _translated(self._path):
            self._swap(new, min((info.cursor for info, _ in snapshots), key=_position))

    def start_over(self) -> None:
        log.error("The cache %s was damaged and is fetched again.", self._path)
        with self._writing, self._reading, _translated(self._path):
            self._close()
            _remove(self._path)
            self._open()
            self._damaged = False

    def destroy(self) -> None:
        """Make what is here unreadable, and stay empty; a download that is under way finds the door shut.

        Raises:
            OSError: a file cannot be overwritten or removed.
        """
        with self._writing, self._reading, _translated(self._path):
            self._unwanted = True
            self._close()
            for suffix in ("", "-wal", "-shm"):
                erase(self._path.with_name(self._path.name + suffix))
            self._open()

    def remember(self, key: str, value: str) -> None:
        with _translated(self._path), self._writing:
            self._writer.execute(_SET_FACT, (key, value))

    def recall(self, key: str) -> str | None:
        with _translated(self._path), self._writing:
            row = self._writer.execute("SELECT value FROM fact WHERE name = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def state(self) -> CacheState:
        if self._damaged:
            raise CacheError(f"The cache {self._path} is damaged.", damaged=True)
        with _translated(self._path), self._writing:
            (cards,) = self._writer.execute("SELECT coalesce(sum(cards), 0) FROM card_set").fetchone()
        return CacheState(cards, self.recall(_CURSOR) or "", self.recall(_CONFIG_VERSION) or "")

    def tidy(self) -> None:
        with _translated(self._path), self._writing:
            self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._reading:
            self._close()

    def _read(self, query: str, arguments: tuple[int | str, ...]) -> list[Any]:
        """Read for the tap loop. Damage is remembered, for the sync to mend."""
        try:
            with self._reading:
                return self._reader.execute(query, arguments).fetchall()
        except sqlite3.Error as error:
            self._damaged = self._damaged or is_damage(error)
            raise CacheError(f"The cache {self._path} cannot be read: {error}.") from error

    def _open(self) -> None:
        self._path.with_name("cache-new.db").unlink(missing_ok=True)
        try:
            self._writer = connect(self._path, synchronous="NORMAL")
            sound = is_sound(self._writer) and makes_sense(self._writer)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            sound = False
        if not sound:
            log.error("The cache %s was damaged and is fetched again.", self._path)
            _remove(self._path)
            self._writer = connect(self._path, synchronous="NORMAL")
        migrate(self._writer, self._path, SCHEMA, CACHE.writes)
        self._reader = connect(self._path, synchronous="NORMAL")
        self._reader.execute("PRAGMA query_only = ON")

    def _close(self) -> None:
        self._reader.close()
        self._writer.close()

    def _apply_cards(self, system: int, rows: list[CardRow]) -> None:
        for first in range(0, len(rows), _DELTA_ROWS):
            with transaction(self._writer):
                self._upsert(system, rows[first : first + _DELTA_ROWS])
            time.sleep(_PAUSE_SECONDS)

    def _upsert(self, system: int, rows: Sequence[CardRow]) -> None:
        """Write rows and carry the checksum of their set along."""
        known = self._writer.execute("SELECT cards, checksum FROM card_set WHERE system = ?", (system,))
        cards, checksum = known.fetchone() or (0, "0")
        total = int(checksum, 16)
        for row in rows:
            old = self._writer.execute(_CARD, (row.token,)).fetchone()
            total = add_checksums(total, row_hash(row), -row_hash(CardRow._make(old)) if old else 0)
            cards += old is None
        self._writer.executemany(UPSERT_CARD, [(*row, system) for row in rows])
        self._writer.execute(UPSERT_SET, (system, cards, format_checksum(total)))

    def _require_wanted(self) -> None:
        if self._unwanted:
            raise CacheError("This zuil keeps no cards any more: it is blocked.")

    def _apply_config(self, config: KioskConfig) -> None:
        self._keep_former_keys(config)
        text = msgspec.json.encode(config).decode()
        self._writer.executemany(_SET_FACT, [(CONFIG, text), (CONFIG_MARK, mark_of(text))])
        self._writer.execute(_SET_FACT, (_CONFIG_VERSION, config.version))
        self._writer.execute("DELETE FROM checkin")
        kept = {system.id for system in config.systems}
        for (system,) in self._writer.execute("SELECT system FROM card_set").fetchall():
            if system not in kept:
                self._writer.execute("DELETE FROM card WHERE system = ?", (system,))
                self._writer.execute("DELETE FROM card_set WHERE system = ?", (system,))

    def _keep_former_keys(self, config: KioskConfig) -> None:
        """Keep the key of the cards that are here until the cards under a new key arrive."""
        known = self.config()
        former = self.former_keys()
        old = {system.id: system.token_key for system in known.systems} | former if known else former
        here = {row[0] for row in self._writer.execute("SELECT system FROM card_set WHERE cards > 0")}
        self._writer.execute("DELETE FROM fact WHERE name LIKE 'key.%'")
        for system in config.systems:
            key = old.get(system.id, system.token_key)
            if system.id in here and key != system.token_key:
                self._writer.execute(_SET_FACT, (f"{FORMER_KEY}{system.id}", key.hex()))

    def _add_checkins(self, checkins: Iterable[CheckinMessage]) -> None:
        self._writer.executemany(
            "INSERT OR REPLACE INTO checkin VALUES (?, ?, ?, ?)",
            [(checkin.id, checkin.passholder, checkin.event, checkin.at) for checkin in checkins],
        )

    def _swap(self, new: Path, cursor: str) -> None:
        """Put the new file in the place of the old one; the tap loop waits a few milliseconds at most.

        The old write-ahead log must be gone before the new file takes the name, or SQLite would
        apply it to the new file. The configuration's version is forgotten, so that the next
        question brings the check-ins of the running periods (`Changes`).
        """
        self.tidy()
        with self._writing, self._reading:
            self._require_wanted()
            facts = self._writer.execute(
                "SELECT name, value FROM fact WHERE name NOT LIKE 'key.%'"
            ).fetchall()
            # In the new file before it takes the name: after a power cut it is whole, or the old one is.
            _write_facts(new, [*facts, (_CURSOR, cursor), (_CONFIG_VERSION, "")])
            self._close()
            for suffix in ("-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            new.replace(self._path)
            sync_folder(self._path.parent)
            self._writer = connect(self._path, synchronous="NORMAL")
            self._reader = connect(self._path, synchronous="NORMAL")
            self._reader.execute("PRAGMA query_only = ON")


def _write_facts(path: Path, facts: Sequence[tuple[str, str]]) -> None:
    """Write facts into a file that nobody uses yet, durably."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        with transaction(connection):
            connection.executemany(_SET_FACT, facts)


def _position(cursor: str) -> int:
    return int(cursor.rpartition(".")[2] or 0)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn errors of the database and of a damaged block into a CacheError; bugs escape."""
    try:
        yield
    except sqlite3.Error as error:
        raise CacheError(f"The cache {path} cannot be used: {error}.", damaged=is_damage(error)) from error
    except MalformedBlockError as error:
        raise CacheError(f"The server sent cards that cannot be read: {error}.") from error
