"""Prepared statements over libpq, several in one trip: what a database driver does, and no more."""

from __future__ import annotations

import select
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

_GOOD: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})

Request = tuple[bytes, bytes, list[bytes | None]]
"""The name of a statement, its text and its parameters."""


class Answer(NamedTuple):
    """The rows a statement gave, and how many it wrote."""

    rows: list[tuple[Any, ...]]
    touched: int


def begin(connection: psycopg.Connection[Any]) -> None:
    """Begin a transaction, as the driver itself would at its first statement."""
    pgconn = connection.pgconn
    if pgconn.transaction_status == TransactionStatus.IDLE:
        level = connection.isolation_level
        words = f"BEGIN ISOLATION LEVEL {level.name.replace('_', ' ')}" if level else "BEGIN"
        _check(pgconn.exec_(words.encode()))


def text_of(value: object) -> bytes | None:
    """Return a parameter as PostgreSQL reads it."""
    if value is None:
        return None
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    return str(value).encode()


class Pipeline:
    """Runs statements on one connection; knows which of them are prepared there."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._transformer = Transformer(connection)
        self._prepared: set[bytes] = set()

    def run(self, requests: Sequence[Request]) -> list[Answer]:
        """Run statements in their order and return their answers.

        Raises:
            psycopg.Error: one failed; those after it were not run.
        """
        if not requests:
            return []
        for name, text, _ in requests:
            if name not in self._prepared:
                _check(self._pgconn.prepare(name, text))
                self._prepared.add(name)
        if len(requests) == 1:
            ((name, _, parameters),) = requests
            # None is NULL, which the types do not say.
            return [self._answer(self._pgconn.exec_prepared(name, parameters))]  # type: ignore[arg-type]
        self._pgconn.enter_pipeline_mode()
        try:
            return [self._answer(result) for result in self._travel(requests)]
        finally:
            self._pgconn.exit_pipeline_mode()

    def copy(self, text: str, rows: Iterable[Sequence[Any]]) -> Answer:
        """Send rows by COPY.

        Raises:
            psycopg.Error: one of them was refused.
        """
        with self._connection.cursor() as cursor:
            with cursor.copy(text) as copy:
                for row in rows:
                    copy.write_row(row)
            return Answer([], cursor.rowcount)

    def _travel(self, requests: Sequence[Request]) -> list[PGresult]:
        """Send everything, read everything; the last result, of the synchronisation, is left out."""
        for name, _, parameters in requests:
            self._pgconn.send_query_prepared(name, parameters)
        self._pgconn.pipeline_sync()
        results: list[PGresult] = []
        while True:
            self._wait()
            result = self._pgconn.get_result()
            # None ends the results of one statement.
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)

    def _answer(self, result: PGresult) -> Answer:
        _check(result)
        self._transformer.set_pgresult(result)
        return Answer(self._transformer.load_rows(0, result.ntuples, tuple), result.command_tuples or 0)

    def _wait(self) -> None:
        """Wait until a result can be read without blocking; others run meanwhile."""
        poll = select.poll()
        while (unsent := self._pgconn.flush()) or self._pgconn.is_busy():
            poll.register(self._pgconn.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
            ((_, happened),) = poll.poll()
            if happened & ~select.POLLOUT:
                self._pgconn.consume_input()


def _check(result: PGresult) -> PGresult:
    if result.status not in _GOOD:
        raise psycopg.errors.error_from_result(result, encoding="utf-8")
    return result
