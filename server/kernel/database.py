"""The database: one engine, sessions that read and sessions that write, and the only commit there is.

SQLite has one writer: a writing session takes the write lock at its start, so it never fails
halfway. PostgreSQL readers see one snapshot for the whole session, so that what is read
together belongs together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

from fastapi import Depends
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlmodel import Session
from starlette.requests import Request

from server.kernel.vault import Vault

BUSY_MILLISECONDS: Final = 10_000
POOL_SIZE: Final = 10
_POSTGRESQL_OPTIONS: Final = "-c plan_cache_mode=force_generic_plan -c random_page_cost=1.1 -c jit=off"
"""Statements look into tables by key, a hundred keys at a time, on solid-state disks. They are planned once
per connection, and again when PostgreSQL has seen a table grow."""
_BEGIN: Final = "zuil_begin"
_CHANGED: Final = "zuil_changed"
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ONLY_READS: Final = "zuil_only_reads"
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])


class Database:
    """The engine of one process. `url` is SQLAlchemy's; sqlite:/// or postgresql+psycopg://."""

    def __init__(self, url: str, vault: Vault) -> None:
        self.vault = vault
        self.engine = _make_engine(url)
        self.is_postgresql = self.engine.dialect.name == "postgresql"
        self._readers, self._writers = _reading_and_writing(self.engine)
        self._listeners: list[Callable[[], None]] = []
        self.is_closing = False
        """This process is about to stop: what another can go on with is left to it."""

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every commit that put something in the change feed."""
        self._listeners.append(listener)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database. What it writes is rolled back."""
        with Session(self._readers, info={"database": self}) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Yield a session; commit when the block ends, roll back when it raises."""
        with Session(self._writers, info={"database": self}) as session:
            yield session
            session.commit()
            changed = session.info.pop(_CHANGED, False)
        if changed:
            for listener in self._listeners:
                listener()

    def dispose(self) -> None:
        """Close every idle connection."""
        self.engine.dispose()


def mark_changed(session: Session) -> None:
    """Have the listeners of `Database.on_change` called after this session's commit."""
    session.info[_CHANGED] = True


def vault_of(session: Session) -> Vault:
    """Return the vault that belongs to a session's database."""
    return database_of(session).vault


def database_of(session: Session) -> Database:
    """Return the database a session belongs to."""
    database: Database = session.info["database"]
    return database


def request_session(request: Request) -> Iterator[Session]:
    """Yield the session of one request: GET reads, everything else writes and commits at the edge."""
    database: Database = request.app.state.database
    reads = request.method in _READS or hasattr(request.scope.get("endpoint"), _ONLY_READS)
    with database.reading() if reads else database.writing() as session:
        yield session


def only_reads(endpoint: _Endpoint) -> _Endpoint:
    """Mark a POST that changes nothing: it is one because what it is asked should be in no address.

    It waits for no writer, which on SQLite is one at a time.
    """
    setattr(endpoint, _ONLY_READS, True)
    return endpoint


def writing_session(request: Request) -> Iterator[Session]:
    """Yield a session that commits, for the GET that has to write (a login coming back)."""
    database: Database = request.app.state.database
    with database.writing() as session:
        yield session


# scope="function": the commit is done, and may still fail, before the answer leaves.
RequestSession = Annotated[Session, Depends(request_session, scope="function")]
WritingSession = Annotated[Session, Depends(writing_session, scope="function")]


def _make_engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        # The connection used last has its statements prepared.
        pool_use_lifo=True,
        # The driver would throw away what `kernel.pipeline` prepared together with its own.
        connect_args={"options": _POSTGRESQL_OPTIONS, "prepare_threshold": None},
    )


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(
        url, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, connect_args={"check_same_thread": False}
    )
    event.listen(engine, "connect", _on_sqlite_connect)
    event.listen(engine, "begin", _on_sqlite_begin)
    return engine


def _on_sqlite_connect(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
    # The driver would begin transactions by itself, late and never IMMEDIATE.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _on_sqlite_begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN IMMEDIATE"))


def _reading_and_writing(engine: Engine) -> tuple[Engine, Engine]:
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{_BEGIN: "BEGIN"}), engine
    return engine.execution_options(isolation_level="REPEATABLE READ"), engine
