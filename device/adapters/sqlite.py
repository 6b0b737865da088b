"""How the zuil opens its two SQLite files."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_CACHE_KIB: Final = 2048


class NewerSchemaError(Exception):
    """The file was written by a newer version of this program; its text is one clear sentence."""


def connect(path: Path, *, synchronous: str) -> sqlite3.Connection:
    """Open a database in write-ahead mode with statements that commit by themselves.

    No automatic checkpoint below 16 MB: checkpoints are made while nobody taps.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path, steps: tuple[str, ...], writes: int) -> None:
    """Bring a database to the schema that this program writes; each step is a script, run once.

    steps: all that this program can read; one that it does not write yet is left to a later release.

    Raises:
        NewerSchemaError: the database has seen a step that this program does not know.
    """
    version = known_version(connection, path, len(steps))
    for number, script in enumerate(steps[version:writes], start=version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT")


def known_version(connection: sqlite3.Connection, path: Path, reads: int) -> int:
    """Return the schema of a database, 0 of an empty one. reads: the newest that this program knows.

    Raises:
        NewerSchemaError: the database has seen a step that this program does not know.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > reads:
        raise NewerSchemaError(
            f"{path} was written by a newer version of zuil (schema {version}, this program knows"
            f" {reads}). Install the newer version again; nothing was changed."
        )
    return int(version)


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether an error says that the file is broken, and not, say, that the disk is full."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    # Letters that are none are noticed by the driver, which gives no code.
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "UTF-8" in str(error)


def is_sound(connection: sqlite3.Connection) -> bool:
    """Return whether SQLite finds the file whole."""
    try:
        return bool(connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run statements as one transaction; an error undoes all of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
