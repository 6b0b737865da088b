"""What cards cost, for the KSB: the tables of a card system and of its voucher types, line by line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.keeping import HERE as CARDS
from server.cards.keeping import NEEDS_INPUT
from server.cardsystems.models import CardSystem
from server.counters.reach import own_system
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.prices.form import (
    PriceForm,
    carrier_words,
    for_whom,
    line_words,
    read_day,
    read_form,
    reason_words,
)
from server.prices.models import PriceRow, PriceTable
from server.prices.tables import (
    DoubleTableError,
    OverlapError,
    add_line,
    drop_line,
    lines_of,
    make_table,
    rows_of,
    table_on,
    tables_of,
)
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.vouchers.models import VoucherType
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.zones import local_day

HERE: Final = f"{CARDS}/{{system_id}}/prijzen"

router = APIRouter(prefix=HERE, include_in_schema=False)

Pricer = Annotated[Acting, Depends(Requires(Permission.MANAGE_PRICES))]


OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.MANAGE_PRICES))]


def _own_table(session: RequestSession, system: OwnSystem, table_id: int) -> PriceTable:
    found = session.get(PriceTable, table_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "This card system has no such prices.", type="zuil:place")
    return found


@router.get("")
def show_tables(request: Request, session: RequestSession, system: OwnSystem, soort: int = 0) -> Response:
    """Show the tables of a card system, or of one of its voucher types."""
    return _tables_page(request, session, system, voucher_type=_own_type(session, system, soort))


@router.post("")
def begin_table(
    request: Request,
    session: RequestSession,
    acting: Pricer,
    *,
    system: OwnSystem,
    day: Annotated[str, Form()] = "",
    soort: Annotated[int, Form()] = 0,
) -> Response:
    """Make a table from a day on, that begins with the prices of the one before."""
    _ = speak(request)
    voucher_type = _own_type(session, system, soort)
    type_id = voucher_type.id if voucher_type else None
    valid_from, today = read_day(day), local_day(datetime.now(UTC))
    if valid_from is None or valid_from < today:
        sentence = _("Kies een dag, vandaag of later.")
        return _tables_page(request, session, system, voucher_type=voucher_type, errors={"day": sentence})
    earlier = table_on(session, system.id, valid_from, voucher_type=type_id)
    lines = lines_of(session, earlier) if earlier else []
    try:
        made = make_table(
            session,
            system.id,
            valid_from,
            voucher_type=type_id,
            lines=lines,
            staff_id=acting.staff_id,
        )
    except DoubleTableError:
        sentence = _("Op die dag beginnen al andere prijzen.")
        return _tables_page(request, session, system, voucher_type=voucher_type, errors={"day": sentence})
    return RedirectResponse(f"{CARDS}/{system.id}/prijzen/{made.id}", 303)


@router.get("/{table_id}")
def show_table(
    request: Request,
    session: RequestSession,
    *,
    system: OwnSystem,
    table: Annotated[PriceTable, Depends(_own_table)],
    gelukt: str = "",
) -> Response:
    """Show a table with its prices, and the form for another price."""
    return _page(request, session, system, table, PriceForm(), done=gelukt)


@router.post("/{table_id}")
def add_price(
    request: Request,
    session: RequestSession,
    acting: Pricer,
    *,
    system: OwnSystem,
    table: Annotated[PriceTable, Depends(_own_table)],
    form: Annotated[PriceForm, Form()],
) -> Response:
    """Add a price to a table that still holds or has yet to."""
    _ = speak(request)
    _require_open(session, table)
    line, errors = read_form(form, _)
    if line is None:
        return _page(request, session, system, table, form, errors=errors)
    try:
        add_line(session, table, line, staff_id=acting.staff_id)
    except OverlapError as overlap:
        other = for_whom(_, overlap.other)
        sentence = _("Voor sommige mensen zou ook de prijs voor “{other}” gelden.", other=other)
        return _page(request, session, system, table, form, errors={"": sentence})
    return RedirectResponse(f"{CARDS}/{system.id}/prijzen/{table.id}?gelukt=bewaard", 303)


@router.post("/{table_id}/weg")
def drop_price(
    session: RequestSession,
    acting: Pricer,
    *,
    system: OwnSystem,
    table: Annotated[PriceTable, Depends(_own_table)],
    row: Annotated[int, Form()],
) -> Response:
    """Take a price away."""
    _require_open(session, table)
    found = session.get(PriceRow, row)
    if found is not None and found.table_id == table.id:
        drop_line(session, table, found, staff_id=acting.staff_id)
    return RedirectResponse(f"{CARDS}/{system.id}/prijzen/{table.id}", 303)


def _require_open(session: Session, table: PriceTable) -> None:
    if not _is_open(session, table):
        raise ProblemError(409, "These prices held once and do not change any more.", type="zuil:prices")


def _is_open(session: Session, table: PriceTable) -> bool:
    """Tell whether a table still holds, or has yet to."""
    today = local_day(datetime.now(UTC))
    present = table_on(session, table.card_system_id, today, voucher_type=table.voucher_type_id)
    return table.valid_from > today or present is table


def _own_type(session: Session, system: CardSystem, type_id: int) -> VoucherType | None:
    found = session.get(VoucherType, type_id) if type_id else None
    if type_id and (found is None or found.card_system_id != system.id):
        raise ProblemError(404, "This card system has no such vouchers.", type="zuil:place")
    return found


def _tables_page(
    request: Request,
    session: Session,
    system: CardSystem,
    *,
    voucher_type: VoucherType | None,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    type_id = voucher_type.id if voucher_type else None
    today = local_day(datetime.now(UTC))
    return page(
        request,
        "prices/tables.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        voucher_type=voucher_type,
        tables=tables_of(session, system.id, voucher_type=type_id),
        present=table_on(session, system.id, today, voucher_type=type_id),
        today=today,
        errors=errors,
    )


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    table: PriceTable,
    form: PriceForm,
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    _ = speak(request)
    rows = rows_of(session, table)
    missing = [word for reason, word in reason_words(_).items() if reason not in {one.reason for one in rows}]
    return page(
        request,
        "prices/table.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        table=table,
        voucher_type=_own_type(session, system, table.voucher_type_id or 0),
        rows=[(one, *line_words(_, one.line)) for one in rows],
        missing=missing if rows and table.voucher_type_id is None else [],
        is_open=_is_open(session, table),
        form=form,
        reasons=list(reason_words(_).items()),
        carriers=[("", _("elke drager")), *carrier_words(_).items()],
        tariffs=[("", _("met en zonder")), ("no", _("zonder kansentarief")), ("yes", _("met kansentarief"))],
        homes=[("", _("iedereen")), ("yes", _("inwoners")), ("no", _("niet-inwoners"))],
        errors=errors,
        done=done,
    )
