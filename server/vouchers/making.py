"""Voucher types and series of numbers (rules 6.11)."""

from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.kernel.bulk import Bulk, Insertion
from server.prices.tables import lines_of, make_table, table_on, tables_of
from server.vouchers.models import Voucher, VoucherSeries, VoucherType
from shared.domain.vouchers import RANDOM_VALUES, make_voucher_number, shown_number
from shared.domain.zones import local_day

MOST: Final = 10_000
"""Numbers in one series."""
PAGE: Final = 20
"""Series on one page."""
_PART: Final = 1_000
_ADD: Final = Insertion("voucher", number="text", series_id="int")


class NoTableError(LookupError):
    """There are no prices yet that a voucher type could begin with."""


def create_type(
    session: Session, system: int, name: str, *, description: str, prefix: str, staff_id: int
) -> int:
    """Make a voucher type; return its id."""
    made = VoucherType(card_system_id=system, name=name, description=description, prefix=prefix)
    session.add(made)
    session.flush()
    detail = {"name": name, "prefix": prefix}
    record(session, "create-voucher-type", "card_system", system, staff_id=staff_id, detail=detail)
    return made.id or 0


def types_of(session: Session, system: int) -> list[VoucherType]:
    """Return the voucher types of a card system, by name."""
    query = select(VoucherType).where(VoucherType.card_system_id == system)
    return list(session.exec(query.order_by(VoucherType.name, col(VoucherType.id))))


def make_series(
    session: Session, voucher_type: VoucherType, count: int, now: datetime, *, staff_id: int
) -> VoucherSeries:
    """Make numbers; with the first, the card system's present prices become the type's own to change.

    Raises:
        NoTableError: the card system has no prices yet.
    """
    _copy_prices(session, voucher_type, now, staff_id=staff_id)
    series = VoucherSeries(type_id=voucher_type.id or 0, count=count, made_at=now)
    session.add(series)
    session.flush()
    numbers: set[str] = set()
    while len(numbers) < count:
        numbers.add(make_voucher_number(voucher_type.prefix, secrets.randbelow(RANDOM_VALUES)))
    bulk, ordered = Bulk(session), sorted(numbers)
    for start in range(0, count, _PART):
        bulk.run(_ADD, rows=[(number, series.id) for number in ordered[start : start + _PART]])
    detail = {"name": voucher_type.name, "count": count}
    system = voucher_type.card_system_id
    record(session, "make-vouchers", "card_system", system, staff_id=staff_id, detail=detail)
    return series


def series_of(session: Session, type_id: int, *, older_than: int | None = None) -> list[VoucherSeries]:
    """Return at most `PAGE` series of a type, the newest first; `older_than` is an id."""
    query = select(VoucherSeries).where(VoucherSeries.type_id == type_id)
    if older_than is not None:
        query = query.where(col(VoucherSeries.id) < older_than)
    return list(session.exec(query.order_by(col(VoucherSeries.id).desc()).limit(PAGE)))


def series_file(
    session: Session, voucher_type: VoucherType, series: VoucherSeries, used: str
) -> Iterator[str]:
    """Yield a CSV of a series: a number on each line, and `used` with the day beside those that are."""
    query = select(Voucher).where(Voucher.series_id == series.id).order_by(Voucher.number)
    for voucher in session.exec(query):
        row = io.StringIO()
        day = local_day(voucher.used_at).isoformat() if voucher.used_at else ""
        said = [used, day] if day else ["", ""]
        csv.writer(row, delimiter=";").writerow([shown_number(voucher.number, voucher_type.prefix), *said])
        yield row.getvalue()


def _copy_prices(session: Session, voucher_type: VoucherType, now: datetime, *, staff_id: int) -> None:
    system = voucher_type.card_system_id
    if tables_of(session, system, voucher_type=voucher_type.id):
        return
    day = local_day(now)
    present = table_on(session, system, day)
    if present is None:
        raise NoTableError
    lines = lines_of(session, present)
    make_table(session, system, day, voucher_type=voucher_type.id, lines=lines, staff_id=staff_id)
