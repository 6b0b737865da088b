"""Set-based statements at the speed of the driver, the same text on SQLite and on PostgreSQL.

A statement takes a whole list of rows as one relation named `rows`: PostgreSQL unnests arrays,
SQLite unpacks one JSON text. `:name` is a scalar parameter, `{rows}` the relation, `{lock}`
locks what a SELECT found until the commit (SQLite has its one writer for that).

On PostgreSQL statements go through psycopg's libpq layer: prepared once per connection, several
in one trip. A cursor costs three times as much, which is most of the cost of a single tap.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, NamedTuple

import psycopg
from sqlmodel import Session

from server.kernel.pipeline import Answer, Pipeline, begin, text_of

_SCALAR: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_SPECIAL: Final = re.compile(r'[\\"]')
_NUMERIC: Final = frozenset({"bigint", "int", "boolean", "uuid"})
_PIPELINE: Final = "zuil_pipeline"
_names: Final = count(1)
MANY: Final = 50
"""Rows from which on COPY costs less than the trip it takes."""


class DoubleError(Exception):
    """A row with this key is there already. The transaction can only be rolled back."""


class Statement:
    """A statement and, when it reads `{rows}`, the columns of that relation with PostgreSQL's type names."""

    def __init__(self, sql: str, **columns: str) -> None:
        self._types = list(columns.values())
        self._scalars = list(dict.fromkeys(_SCALAR.findall(sql)))
        self.name = f"zuil_{next(_names)}".encode()
        self.postgresql = _postgresql(sql, columns, self._scalars)
        self.sqlite = _sqlite(sql, columns)
        self.gives_rows = sql.lstrip().startswith("SELECT") or "RETURNING" in sql

    def arrays(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """Return the columns of `rows` as PostgreSQL array literals."""
        columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(self._types)
        return [_array(column, kind) for kind, column in zip(self._types, columns, strict=True)]

    def parameters(
        self, scalars: Mapping[str, Any] | None, rows: Sequence[Sequence[Any]] | None
    ) -> list[bytes | None]:
        """Return PostgreSQL's parameters in their order: the scalars, then the columns."""
        values = [text_of(scalars[name]) for name in self._scalars] if scalars else []
        return values if rows is None else values + [column.encode() for column in self.arrays(rows)]


class Insertion(Statement):
    """Adds rows to a table. Many of them go by COPY, which costs PostgreSQL half as much."""

    def __init__(self, table: str, **columns: str) -> None:
        names = ", ".join(columns)
        super().__init__(f"INSERT INTO {table} ({names}) SELECT {names} FROM {{rows}} WHERE true", **columns)  # noqa: S608 - names written in our source
        self.copy = f"COPY {table} ({names}) FROM STDIN"


class Call(NamedTuple):
    """A statement with what it is to be run with."""

    statement: Statement
    scalars: Mapping[str, Any] | None = None
    rows: Sequence[Sequence[Any]] | None = None


class Bulk:
    """Runs statements on the driver's own connection, inside the session's transaction."""

    def __init__(self, session: Session) -> None:
        connection = session.connection()
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._pipeline: Pipeline | None = None
        if isinstance(driver, psycopg.Connection):
            begin(driver)
            # What is prepared stays prepared as long as the driver's connection lives.
            known = connection.connection.info
            self._pipeline = known.get(_PIPELINE) or known.setdefault(_PIPELINE, Pipeline(driver))
        self._sqlite: sqlite3.Connection = driver

    def run(
        self,
        statement: Statement,
        scalars: Mapping[str, Any] | None = None,
        rows: Sequence[Sequence[Any]] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run a statement; return the rows it gives, none when it gives no rows.

        Raises:
            DoubleError: it would write a key a second time.
        """
        return self._answers([Call(statement, scalars, rows)])[0].rows

    def touch(self, statement: Statement, scalars: Mapping[str, Any]) -> int:
        """Run a statement that writes; return how many rows it wrote.

        Raises:
            DoubleError: it would write a key a second time.
        """
        return self._answers([Call(statement, scalars)])[0].touched

    def run_all(self, calls: Sequence[Call]) -> list[list[tuple[Any, ...]]]:
        """Run statements that do not need each other's results, in one trip to the server; then the copies.

        Raises:
            DoubleError: one of them would write a key a second time.
        """
        return [answer.rows for answer in self._answers(calls)]

    def _answers(self, calls: Sequence[Call]) -> list[Answer]:
        try:
            if self._pipeline is None:
                return [self._on_sqlite(call) for call in calls]
            return self._on_postgresql(self._pipeline, calls)
        except (psycopg.errors.UniqueViolation, sqlite3.IntegrityError) as error:
            raise DoubleError(str(error)) from error

    def _on_postgresql(self, pipeline: Pipeline, calls: Sequence[Call]) -> list[Answer]:
        stated = pipeline.run(
            [
                (one.name, one.postgresql, one.parameters(scalars, rows))
                for one, scalars, rows in calls
                if not _is_copied(one, rows)
            ]
        )
        answers = iter(stated)
        return [
            pipeline.copy(one.copy, rows or ())
            if isinstance(one, Insertion) and _is_copied(one, rows)
            else next(answers)
            for one, _, rows in calls
        ]

    def _on_sqlite(self, call: Call) -> Answer:
        parameters = {name: _sqlite_value(value) for name, value in (call.scalars or {}).items()}
        if call.rows is not None:
            parameters["rows"] = json.dumps(call.rows)
        cursor = self._sqlite.execute(call.statement.sqlite, parameters)
        return Answer(cursor.fetchall() if call.statement.gives_rows else [], cursor.rowcount)


def _is_copied(statement: Statement, rows: Sequence[Sequence[Any]] | None) -> bool:
    return isinstance(statement, Insertion) and rows is not None and len(rows) >= MANY


def _postgresql(sql: str, columns: Mapping[str, str], scalars: Sequence[str]) -> bytes:
    places = {name: f"${place}" for place, name in enumerate(scalars, 1)}
    first = len(scalars) + 1
    arrays = ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(columns.values(), first))
    relation = f"unnest({arrays}) AS rows({', '.join(columns)})"
    text = _SCALAR.sub(lambda found: places[found[1]], sql)
    return text.replace("{rows}", relation).replace("{lock}", "FOR NO KEY UPDATE").encode()


def _sqlite(sql: str, columns: Mapping[str, str]) -> str:
    picked = ", ".join(f"value ->> {index} AS {name}" for index, name in enumerate(columns))
    relation = f"(SELECT {picked} FROM json_each(:rows)) AS rows"  # noqa: S608 - names written in our source
    return sql.replace("{rows}", relation).replace("{lock}", "")


def _sqlite_value(value: object) -> object:
    """Return an instant as `kernel.types.UtcDateTime` keeps it; anything else as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return value


def _array(column: Sequence[Any], kind: str) -> str:
    if kind in _NUMERIC:
        return "{" + ",".join(["NULL" if value is None else str(value) for value in column]) + "}"
    if _SPECIAL.search("".join([value for value in column if value is not None])):
        column = [None if value is None else _SPECIAL.sub(r"\\\g<0>", value) for value in column]
    return "{" + ",".join(["NULL" if value is None else '"' + value + '"' for value in column]) + "}"
