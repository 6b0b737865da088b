"""Bring a database to the shape this program needs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final, cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server.feed.epoch import ensure_epoch
from server.kernel.database import Database
from server.kernel.keys import make_server_keys
from server.migrations import tables  # noqa: F401 - whoever opens a database knows every table in it

_FOLDER: Final = Path(__file__).parent


class WrongDatabaseError(RuntimeError):
    """The database is not of this version; str() says in one sentence what to do."""


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the database to `revision`, and make what an empty one needs to run: keys and the feed's epoch.

    Raises:
        WrongDatabaseError: the database was made by a newer version.
    """
    with _changing(database) as connection:
        _refuse_newer(connection)
        configuration = _configuration(connection)
        if _is_upgrade(connection, configuration, revision):
            command.upgrade(configuration, revision)
        else:
            command.downgrade(configuration, revision)
    if revision == "head":
        with database.writing() as session:
            make_server_keys(session)
            ensure_epoch(session)


@contextmanager
def _changing(database: Database) -> Iterator[Connection]:
    """Yield a connection in one transaction.

    SQLite changes a table by making it anew: with foreign keys on, dropping the old one would take along
    every row that refers to it.
    """
    with database.engine.connect() as connection:
        if database.is_postgresql:
            with connection.begin():
                yield connection
            return
        driver = cast("sqlite3.Connection", connection.connection.driver_connection)
        driver.execute("PRAGMA foreign_keys = OFF")
        try:
            with connection.begin():
                yield connection
                _refuse_orphans(connection)
        finally:
            driver.execute("PRAGMA foreign_keys = ON")


def _refuse_orphans(connection: Connection) -> None:
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if orphans is not None:
        raise RuntimeError(f"A step would leave rows of {orphans[0]} that refer to nothing in {orphans[2]}.")


def require_current(database: Database) -> None:
    """Refuse to work on a database of another version.

    Raises:
        WrongDatabaseError: it is older (run `zuil-server migrate`) or newer (run a newer version).
    """
    with database.engine.connect() as connection:
        _refuse_newer(connection)
        revision = _revision(connection)
        if revision is None:
            raise WrongDatabaseError("The database is empty; run `zuil-server migrate` first.")
        if revision != _steps()[0]:
            raise WrongDatabaseError(
                "The database is older than this version; run `zuil-server migrate` first."
            )


def _refuse_newer(connection: Connection) -> None:
    revision = _revision(connection)
    if revision is not None and revision not in _steps():
        raise WrongDatabaseError(
            f"The database was made by a newer version (revision {revision}); this version cannot use it."
        )


@cache
def _steps() -> tuple[str, ...]:
    """Return the revision of every step of this program, the newest first: reading them takes 0.1 s."""
    return tuple(script.revision for script in ScriptDirectory(str(_FOLDER)).walk_revisions())


def _is_upgrade(connection: Connection, configuration: Config, revision: str) -> bool:
    if revision == "head":
        return True
    if revision == "base":
        return False
    current = _revision(connection)
    scripts = ScriptDirectory.from_config(configuration)
    behind = {script.revision for script in scripts.iterate_revisions(revision, "base")}
    return current is None or current in behind


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _configuration(connection: Connection) -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER))
    configuration.attributes["connection"] = connection
    return configuration
