"""Work that is done beside a page: by one process, and by another when that one dies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, update
from sqlmodel import Field, Session, SQLModel, col, select

from server.kernel.database import Database
from server.kernel.types import UtcDateTime

CLAIM: Final = timedelta(minutes=2)
"""Who works says so again well before this is over."""


class Claimable(SQLModel):
    """A table of such work. state: how far a row is; claimed: until when a process works at it."""

    id: int | None = Field(default=None, primary_key=True)
    state: str = Field(index=True)
    claimed: datetime | None = Field(default=None, sa_type=UtcDateTime)


def claim(
    database: Database, table: type[Claimable], row_id: int, busy: Sequence[str], **values: object
) -> bool:
    """Claim a row that is `busy` and nobody's, and put `values` in it; True for exactly one process."""
    now = datetime.now(UTC)
    mine = update(table).where(col(table.id) == row_id, *_nobodys(table, busy, now))
    with database.writing() as session:
        found = session.execute(mine.values(claimed=now + CLAIM, **values))
        return bool(found.rowcount == 1)  # type: ignore[attr-defined]


def keep(session: Session, table: type[Claimable], row_id: int, **values: object) -> None:
    """Say that a row is still worked at, and put `values` in it."""
    mine = update(table).where(col(table.id) == row_id)
    session.execute(mine.values(claimed=datetime.now(UTC) + CLAIM, **values))


def nobodys(session: Session, table: type[Claimable], busy: Sequence[str]) -> list[int]:
    """Return the ids of the rows that are `busy` and that nobody works at."""
    found = session.exec(select(table.id).where(*_nobodys(table, busy, datetime.now(UTC))))
    return [row_id for row_id in found if row_id is not None]


def _nobodys(
    table: type[Claimable], busy: Sequence[str], now: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    claimed = col(table.claimed)
    return col(table.state).in_(busy), or_(claimed.is_(None), claimed < now)
