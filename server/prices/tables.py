"""Price tables: which holds on a day, and how they change (rules 6.10a, 6.11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from server.kernel.audit import record
from server.prices.models import PriceRow, PriceTable
from shared.domain.prices import PriceLine, find_overlap


class OverlapError(ValueError):
    """Two lines would both hold for someone; `other` is the one that was there."""

    def __init__(self, other: PriceLine) -> None:
        super().__init__("Two lines would both hold for someone.")
        self.other = other


class DoubleTableError(ValueError):
    """There is a table that begins on this day already."""


def table_on(
    session: Session, system: int, day: date, *, voucher_type: int | None = None
) -> PriceTable | None:
    """Return the table that holds on a day, None before the first."""
    query = _tables(system, voucher_type).where(col(PriceTable.valid_from) <= day)
    return session.exec(query.order_by(col(PriceTable.valid_from).desc()).limit(1)).first()


def tables_of(session: Session, system: int, *, voucher_type: int | None = None) -> list[PriceTable]:
    """Return the tables of a card system, or of one of its voucher types, the newest first."""
    return list(session.exec(_tables(system, voucher_type).order_by(col(PriceTable.valid_from).desc())))


def rows_of(session: Session, table: PriceTable) -> list[PriceRow]:
    """Return the lines of a table, by reason and age."""
    query = select(PriceRow).where(PriceRow.table_id == table.id)
    youngest = func.coalesce(col(PriceRow.age_from), 0)
    return list(session.exec(query.order_by(PriceRow.reason, youngest, col(PriceRow.id))))


def lines_of(session: Session, table: PriceTable) -> list[PriceLine]:
    """Return the lines of a table as the rule reads them."""
    return [row.line for row in rows_of(session, table)]


def make_table(
    session: Session,
    system: int,
    valid_from: date,
    *,
    voucher_type: int | None = None,
    lines: Sequence[PriceLine] = (),
    staff_id: int | None = None,
) -> PriceTable:
    """Make a table that holds from a day on.

    Raises:
        DoubleTableError: another begins on that day.
    """
    taken = _tables(system, voucher_type).where(col(PriceTable.valid_from) == valid_from)
    if session.exec(taken).first() is not None:
        raise DoubleTableError
    table = PriceTable(card_system_id=system, voucher_type_id=voucher_type, valid_from=valid_from)
    session.add(table)
    session.flush()
    session.add_all([PriceRow(table_id=table.id or 0, **line._asdict()) for line in lines])
    detail = {"table": table.id, "from": valid_from.isoformat(), "count": len(lines)}
    record(session, "make-prices", "card_system", system, staff_id=staff_id, detail=detail)
    return table


def add_line(session: Session, table: PriceTable, line: PriceLine, *, staff_id: int) -> None:
    """Add a price.

    Raises:
        OverlapError: another line holds for some of the same people.
    """
    # One at a time, so that two people cannot add lines that overlap.
    session.exec(select(PriceTable).where(PriceTable.id == table.id).with_for_update()).one()
    for other in lines_of(session, table):
        if find_overlap((other, line)):
            raise OverlapError(other)
    session.add(PriceRow(table_id=table.id or 0, **line._asdict()))
    _note(session, "add-price", table, line, staff_id)


def drop_line(session: Session, table: PriceTable, row: PriceRow, *, staff_id: int) -> None:
    """Take a price away."""
    _note(session, "drop-price", table, row.line, staff_id)
    session.delete(row)


def _tables(system: int, voucher_type: int | None) -> SelectOfScalar[PriceTable]:
    return select(PriceTable).where(
        PriceTable.card_system_id == system, PriceTable.voucher_type_id == voucher_type
    )


def _note(session: Session, action: str, table: PriceTable, line: PriceLine, staff_id: int) -> None:
    facts = {name: value for name, value in line._asdict().items() if value not in (None, "")}
    detail = {"table": table.id, "from": table.valid_from.isoformat(), **facts}
    record(session, action, "card_system", table.card_system_id, staff_id=staff_id, detail=detail)
