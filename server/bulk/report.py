"""What will become, or became, of the rows of a list: a page at a time, and all of them as a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlmodel import Session, col, select

from server.bulk.models import BulkList, BulkRow
from server.bulk.rows import RowState
from server.bulk.words import outcome_sentence
from server.kernel.database import Database
from server.kernel.spreadsheets import MARK, row_text
from server.web.i18n import Translator

PAGE: Final = 50
"""Rows on one page."""
LISTS: Final = 10
"""Lists on one page."""
_AT_ONCE: Final = 1_000
WRONG: Final = (RowState.BAD, RowState.REFUSED)


def lists_of(session: Session, system: int, *, older_than: int | None = None) -> list[BulkList]:
    """Return at most `LISTS` lists of a card system, the newest first; `older_than` is an id."""
    query = select(BulkList).where(BulkList.card_system_id == system)
    if older_than is not None:
        query = query.where(col(BulkList.id) < older_than)
    return list(session.exec(query.order_by(col(BulkList.id).desc()).limit(LISTS)))


def rows_after(
    session: Session, list_id: int, line: int, *, wrong: bool | None = None, most: int = PAGE
) -> list[BulkRow]:
    """Return at most `most` rows after a line. wrong: only those that cannot be done, or only the others."""
    query = select(BulkRow).where(BulkRow.list_id == list_id, col(BulkRow.line) > line)
    if wrong is not None:
        is_wrong = col(BulkRow.state).in_(WRONG)
        query = query.where(is_wrong if wrong else ~is_wrong)
    return list(session.exec(query.order_by(col(BulkRow.line)).limit(most)))


def report_file(database: Database, list_id: int, kind: str, _: Translator) -> Iterator[str]:
    """Yield a table with every row of a list and what became of it."""
    yield MARK + row_text([_("Lijn"), _("Naam"), _("UiTPAS-nummer"), _("Wat ermee gebeurt")])
    line = 0
    while True:
        with database.reading() as session:
            rows = rows_after(session, list_id, line, most=_AT_ONCE)
        if not rows:
            return
        yield "".join(
            row_text([str(row.line), row.name, row.card, outcome_sentence(_, kind, row)]) for row in rows
        )
        line = rows[-1].line
