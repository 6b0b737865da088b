"""Set-based statements at the speed of the driver, the same text on SQLite and on PostgreSQL.

A statement takes a whole list of rows as one relation named `rows`: PostgreSQL unnests arrays,
SQLite unpacks one JSON text. `:name` is a scalar parameter, `{rows}` the relation, `{lock}`
locks what a SELECT found until the commit (SQLite has its one writer for that).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

from sqlmodel import Session

_SCALAR: Final = re.compile(r"(?<![:\w]):([a-z_]+)")
_SPECIAL: Final = re.compile(r'[\\"]')
_NUMERIC: Final = frozenset({"bigint", "int", "boolean", "uuid"})


class Statement:
    """A statement and, when it reads `{rows}`, the columns of that relation with PostgreSQL's type names."""

    def __init__(self, sql: str, **columns: str) -> None:
        self._types = list(columns.values())
        self._names = [f"column_{index}" for index in range(len(columns))]
        self.postgresql = _postgresql(sql, columns, self._names)
        self.sqlite = _sqlite(sql, columns)

    def arrays(self, rows: Sequence[Sequence[Any]]) -> dict[str, str]:
        """Return the columns of `rows` as PostgreSQL array literals."""
        columns: Iterable[Sequence[Any]] = zip(*rows, strict=True) if rows else [()] * len(self._types)
        return {
            name: _array(column, kind)
            for name, kind, column in zip(self._names, self._types, columns, strict=True)
        }


class Bulk:
    """Runs statements on the driver's own connection, inside the session's transaction."""

    def __init__(self, session: Session) -> None:
        connection = session.connection()
        self._postgresql = connection.dialect.name == "postgresql"
        self._cursor: Any = cast("Any", connection.connection.driver_connection).cursor()

    def run(
        self,
        statement: Statement,
        scalars: Mapping[str, Any] | None = None,
        rows: Sequence[Sequence[Any]] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Run a statement; return the rows it gives, none when it gives no rows."""
        parameters = dict(scalars or {})
        if self._postgresql:
            if rows is not None:
                parameters.update(statement.arrays(rows))
            self._cursor.execute(statement.postgresql, parameters)
        else:
            if rows is not None:
                parameters["rows"] = json.dumps(rows)
            self._cursor.execute(statement.sqlite, parameters)
        return self._cursor.fetchall() if self._cursor.description else []

    @property
    def touched(self) -> int:
        """How many rows the last statement wrote."""
        return int(self._cursor.rowcount)


def _postgresql(sql: str, columns: Mapping[str, str], names: Sequence[str]) -> str:
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in zip(names, columns.values(), strict=True))
    relation = f"unnest({arrays}) AS rows({', '.join(columns)})"
    text = _SCALAR.sub(r"%(\1)s", sql)
    return text.replace("{rows}", relation).replace("{lock}", "FOR NO KEY UPDATE")


def _sqlite(sql: str, columns: Mapping[str, str]) -> str:
    picked = ", ".join(f"value ->> {index} AS {name}" for index, name in enumerate(columns))
    relation = f"(SELECT {picked} FROM json_each(:rows)) AS rows"  # noqa: S608 - names written in our source
    return sql.replace("{rows}", relation).replace("{lock}", "")


def _array(column: Sequence[Any], kind: str) -> str:
    if kind in _NUMERIC:
        return "{" + ",".join(["NULL" if value is None else str(value) for value in column]) + "}"
    return "{" + ",".join([_quoted(value) for value in column]) + "}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    return '"' + _SPECIAL.sub(r"\\\g<0>", value) + '"'
