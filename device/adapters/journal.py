"""The journal: a SQLite file that holds what people did, durable before anything is shown.

A row is the exact bytes that go to the server, its sequence number and its place in the hash
chain; beside them stands what a next decision needs. `synchronous=FULL`: with less, a power cut
loses acknowledged rows (`design/hardware.md`, Faults).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from device.adapters.salvage import set_aside_and_salvage
from device.adapters.sqlite import connect, is_damage, is_sound, migrate, transaction
from device.formats import JOURNAL
from device.ports import Batch, Granted, JournalError, JournalState, OwnCheckin
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import Clock, UploadItem, VerdictMessage

SCHEMA: Final = (
    """
    CREATE TABLE tap (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        payload BLOB NOT NULL,
        chain BLOB NOT NULL,
        -- Of a granted point only; emptied when the server decides otherwise.
        passholder INTEGER,
        event TEXT,
        at INTEGER,
        points INTEGER,
        verdict TEXT,
        detail TEXT
    );
    CREATE INDEX tap_passholder ON tap (passholder) WHERE passholder IS NOT NULL;
    CREATE INDEX tap_refused ON tap (seq) WHERE verdict = 'refused';
    CREATE TABLE mark (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT INTO mark VALUES
        ('through', 0), ('sequence_from', 0), ('checks', 0),
        ('pruned', 0), ('pruned_chain', x'00000000000000000000000000000000');
    """,
)
REFUSED: Final = "refused"
_GRANTED: Final = "granted"
_ON_DAY: Final = "through."
"""A mark for each day: up to where everything was acknowledged by then."""
_PRUNE_ROWS: Final = 500
_APPEND: Final = (
    "INSERT INTO tap (seq, id, payload, chain, passholder, event, at, points) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_OWN: Final = "SELECT id, event, at, points, seq, payload FROM tap WHERE passholder = ?"
_NOTHING_GRANTED: Final = (None, None, None, None)
log = logging.getLogger(__name__)


class _Stamped(msgspec.Struct):
    """The part of a journalled tap that says when it was."""

    clock: Clock


class SqliteJournal:
    """The journal of one zuil at `path`.

    The tap loop has a connection of its own; everything else shares a second one. A write of
    either holds one lock, so that no tap ever waits in SQLite's polling busy handler.

    Raises:
        JournalError: the file cannot be opened and not be salvaged either.
        NewerSchemaError: a newer version of the program wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        with _translated(path):
            self._tap = _open(path)
            # A lost acknowledgement is only sent again, so this side need not wait for the disk.
            self._sync = connect(path, synchronous="NORMAL")
            self._path = path
            self._through = int(self._mark("through"))
            self._seq, self._chain = self._tail()
        self._torn = False
        self._seconds = 0.0

    def append(self, tap_id: str, payload: bytes, granted: Granted | None) -> int:
        seq, chain = self._seq + 1, chain_link(self._chain, payload)
        row = (seq, tap_id, payload, chain, *(granted or _NOTHING_GRANTED))
        begin = time.monotonic()
        try:
            with self._writing:
                if self._torn:
                    return self._append_after_error(tap_id, payload, granted)
                self._tap.execute(_APPEND, row)
        except sqlite3.Error as error:
            self._torn = True
            raise JournalError(f"The journal {self._path} could not be written: {error}.") from error
        self._seq, self._chain = seq, chain
        self._seconds = time.monotonic() - begin
        return seq

    def own_checkins(self, passholder: int) -> list[OwnCheckin]:
        with _translated(self._path):
            through = self._through
            return [
                OwnCheckin(tap_id, event, at, points, seq <= through, _clock(payload))
                for tap_id, event, at, points, seq, payload in self._tap.execute(_OWN, (passholder,))
            ]

    def pending(self, limit: int) -> Batch:
        with _translated(self._path), self._reading:
            rows = self._sync.execute(
                "SELECT seq, chain, payload FROM tap WHERE seq > ? ORDER BY seq LIMIT ?",
                (self._through, limit),
            ).fetchall()
            if not rows:
                return Batch([], "")
            before = self._chain_before(rows[0][0])
            (oldest,) = self._sync.execute("SELECT min(seq) FROM tap").fetchone()
        items = [
            UploadItem(seq=seq, chain=chain.hex(), tap=msgspec.Raw(payload)) for seq, chain, payload in rows
        ]
        return Batch(items, before.hex(), oldest)

    def acknowledge(self, verdicts: Sequence[VerdictMessage], through: int) -> None:
        with _translated(self._path), self._reading, self._writing, transaction(self._sync):
            self._sync.executemany(
                "UPDATE tap SET verdict = ?, detail = ? WHERE seq = ?",
                [(verdict.verdict, verdict.detail or None, verdict.seq) for verdict in verdicts],
            )
            self._sync.executemany(
                "UPDATE tap SET passholder = NULL WHERE seq = ? AND passholder IS NOT NULL",
                [(verdict.seq,) for verdict in verdicts if verdict.verdict != _GRANTED],
            )
            self._move_mark(max(self._through, min(through, self._seq)))

    def send_again(self, first: int) -> None:
        with _translated(self._path), self._reading, self._writing, transaction(self._sync):
            self._move_mark(min(self._through, max(first, 1) - 1))
            # What comes again is young again.
            self._sync.execute(
                "UPDATE mark SET value = min(value, ?) WHERE name LIKE ?", (self._through, f"{_ON_DAY}%")
            )

    def check(self) -> None:
        with _translated(self._path), self._writing:
            self._tap.execute("UPDATE mark SET value = value + 1 WHERE name = 'checks'")

    def prune(self, today: int, keep: int) -> int:
        self._note_acknowledged(today)
        last, deleted = self._acknowledged_on(today - keep), 0
        while rows := self._prunable(last):
            with _translated(self._path), self._reading, self._writing, transaction(self._sync):
                self._set_mark("pruned", rows[-1][0])
                self._set_mark("pruned_chain", rows[-1][1])
                self._sync.execute(
                    "DELETE FROM tap WHERE seq <= ? AND verdict IS NOT ?", (rows[-1][0], REFUSED)
                )
            deleted += len(rows)
        return deleted

    def state(self) -> JournalState:
        with _translated(self._path), self._reading:
            oldest = self._sync.execute(
                "SELECT payload FROM tap WHERE seq > ? ORDER BY seq LIMIT 1", (self._through,)
            ).fetchone()
            (queue,) = self._sync.execute(
                "SELECT count(*) FROM tap WHERE seq > ?", (self._through,)
            ).fetchone()
            (parked,) = self._sync.execute("SELECT count(*) FROM tap WHERE verdict = 'refused'").fetchone()
            (last,) = self._sync.execute("SELECT coalesce(max(seq), 0) FROM tap").fetchone()
        waits_since = _wall(oldest[0]) if oldest else None
        return JournalState(last, self._through, queue, parked, waits_since, self._seconds)

    def tidy(self) -> None:
        with _translated(self._path), self._reading:
            self._sync.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the file; everything is already on the disk."""
        with self._writing, self._reading:
            self._sync.close()
            self._tap.close()

    def _append_after_error(self, tap_id: str, payload: bytes, granted: Granted | None) -> int:
        """Append after a failed write, which may or may not have reached the disk: look first."""
        self._seq, self._chain = self._tail()
        seq, chain = self._seq + 1, chain_link(self._chain, payload)
        self._tap.execute(_APPEND, (seq, tap_id, payload, chain, *(granted or _NOTHING_GRANTED)))
        self._torn, self._seq, self._chain = False, seq, chain
        return seq

    def _tail(self) -> tuple[int, bytes]:
        row = self._tap.execute("SELECT seq, chain FROM tap ORDER BY seq DESC LIMIT 1").fetchone()
        seq, chain = row or (0, GENESIS)
        return max(seq, int(self._mark("sequence_from"))), chain

    def _note_acknowledged(self, today: int) -> None:
        """Remember up to where everything was acknowledged today."""
        with _translated(self._path), self._reading:
            known = self._sync.execute("SELECT value FROM mark WHERE name = ?", (f"{_ON_DAY}{today}",))
            if known.fetchone() == (self._through,):
                return
            with self._writing, transaction(self._sync):
                self._sync.execute(
                    "INSERT INTO mark VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (f"{_ON_DAY}{today}", self._through),
                )

    def _acknowledged_on(self, day: int) -> int:
        """Return the highest row that was acknowledged by the end of a day; forget days before it."""
        with _translated(self._path), self._reading:
            marks = self._sync.execute(
                "SELECT name, value FROM mark WHERE name LIKE ?", (f"{_ON_DAY}%",)
            ).fetchall()
            past = sorted((int(name.removeprefix(_ON_DAY)), value) for name, value in marks)
            past = [(on, through) for on, through in past if on <= day]
            if len(past) > 1:
                with self._writing, transaction(self._sync):
                    self._sync.executemany(
                        "DELETE FROM mark WHERE name = ?", [(f"{_ON_DAY}{on}",) for on, _ in past[:-1]]
                    )
        return int(past[-1][1]) if past else 0

    def _prunable(self, last: int) -> list[tuple[int, bytes]]:
        """Return the first rows up to `last` that may go: neither parked nor the newest."""
        with _translated(self._path), self._reading:
            return self._sync.execute(
                "SELECT seq, chain FROM tap WHERE seq <= ? AND seq < ? AND verdict IS NOT ?"
                " ORDER BY seq LIMIT ?",
                (last, min(self._through, self._seq), REFUSED, _PRUNE_ROWS),
            ).fetchall()

    def _chain_before(self, seq: int) -> bytes:
        last, chain = self._sync.execute(
            "SELECT coalesce(max(seq), 0), chain FROM tap WHERE seq < ?", (seq,)
        ).fetchone()
        pruned = int(self._mark("pruned"))
        return bytes(self._mark("pruned_chain")) if last <= pruned else bytes(chain)

    def _move_mark(self, through: int) -> None:
        self._set_mark("through", through)
        self._through = through

    def _mark(self, name: str) -> int | bytes:
        row = self._sync.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        value: int | bytes = row[0]
        return value

    def _set_mark(self, name: str, value: int | bytes) -> None:
        self._sync.execute("UPDATE mark SET value = ? WHERE name = ?", (value, name))


def _open(path: Path) -> sqlite3.Connection:
    """Open the journal; a damaged file is kept beside it and every readable row is carried over."""
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(path, synchronous="FULL")
        if is_sound(connection):
            migrate(connection, path, SCHEMA, JOURNAL.writes)
            return connection
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    if connection is not None:
        connection.close()
    rows, kept = set_aside_and_salvage(path, SCHEMA[: JOURNAL.writes])
    log.error("The journal was damaged: %s rows were saved, the damaged file is kept as %s.", rows, kept)
    return connect(path, synchronous="FULL")


def _wall(payload: bytes) -> int:
    return _clock(payload).wall


def _clock(payload: bytes) -> Clock:
    return msgspec.json.decode(payload, type=_Stamped).clock


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn errors of the database into a JournalError; bugs escape."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"The journal {path} cannot be used: {error}.") from error
