"""Prepared statements over libpq, several in one trip: what a database driver does, and no more."""

from __future__ import annotations

import select
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

_GOOD: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK})
_BOOL, _BYTEA, _DATE = 16, 17, 1082
_INTEGERS: Final = (20, 21, 23)

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

    def __init__(self, pgconn: PGconn) -> None:
        self._pgconn = pgconn
        self._prepared: set[bytes] = set()

    def run(self, requests: Sequence[Request]) -> list[Answer]:
        """Run statements in their order and return their answers.

        Raises:
            psycopg.Error: one failed; those after it were not run.
        """
        for name, text, _ in requests:
            if name not in self._prepared:
                _check(self._pgconn.prepare(name, text))
                self._prepared.add(name)
        if len(requests) == 1:
            ((name, _, parameters),) = requests
            # None is NULL, which the types do not say.
            return [_answer(_check(self._pgconn.exec_prepared(name, parameters)))]  # type: ignore[arg-type]
        self._pgconn.enter_pipeline_mode()
        try:
            return [_answer(_check(result)) for result in self._travel(requests)]
        finally:
            self._pgconn.exit_pipeline_mode()

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


def _answer(result: PGresult) -> Answer:
    readers = [_READERS.get(result.ftype(column), _text) for column in range(result.nfields)]
    rows = [
        tuple(
            [
                None if (value := result.get_value(row, column)) is None else reader(value)
                for column, reader in enumerate(readers)
            ]
        )
        for row in range(result.ntuples)
    ]
    return Answer(rows, result.command_tuples or 0)


def _text(value: bytes) -> str:
    return value.decode()


_READERS: Final[Mapping[int, Callable[[bytes], Any]]] = {
    **dict.fromkeys(_INTEGERS, int),
    _BOOL: lambda value: value == b"t",
    _BYTEA: lambda value: bytes.fromhex(value[2:].decode()),
    _DATE: lambda value: date.fromisoformat(value.decode()),
}
