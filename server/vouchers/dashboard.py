"""Vouchers, for the KSB: types, series of numbers, the numbers as a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.keeping import HERE as CARDS
from server.cards.keeping import NEEDS_INPUT
from server.cardsystems.models import CardSystem
from server.counters.reach import own_system
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.vouchers.making import (
    MOST,
    PAGE,
    NoTableError,
    create_type,
    make_series,
    series_file,
    series_of,
    types_of,
)
from server.vouchers.models import VoucherSeries, VoucherType
from server.web.downloads import send_table
from server.web.i18n import Translator, speak
from server.web.templating import page
from shared.domain.vouchers import LONGEST_PREFIX, SHORTEST_PREFIX

HERE: Final = f"{CARDS}/{{system_id}}/vouchers"
LONGEST_NAME: Final = 60
_PREFIX: Final = re.compile(rf"[A-Z0-9]{{{SHORTEST_PREFIX},{LONGEST_PREFIX}}}")
_COUNT: Final = re.compile(r"[0-9]{1,6}")

router = APIRouter(prefix=HERE, include_in_schema=False)

Pricer = Annotated[Acting, Depends(Requires(Permission.MANAGE_PRICES))]


class TypeForm(BaseModel):
    """What was typed."""

    name: str = ""
    description: str = ""
    prefix: str = ""


OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.MANAGE_PRICES))]


def _own_type(session: RequestSession, system: OwnSystem, type_id: int) -> VoucherType:
    found = session.get(VoucherType, type_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "This card system has no such vouchers.", type="zuil:place")
    return found


@router.get("")
def show_types(request: Request, session: RequestSession, system: OwnSystem) -> Response:
    """Show the voucher types, and the form for another."""
    return _types_page(request, session, system, TypeForm())


@router.post("")
def add_type(
    request: Request,
    session: RequestSession,
    acting: Pricer,
    *,
    system: OwnSystem,
    form: Annotated[TypeForm, Form()],
) -> Response:
    """Make a voucher type and go to its page."""
    name, prefix = " ".join(form.name.split()), form.prefix.strip().upper()
    errors = _errors(speak(request), name, prefix, types_of(session, system.id))
    if errors:
        return _types_page(request, session, system, form, errors)
    made = create_type(
        session,
        system.id,
        name,
        description=" ".join(form.description.split())[:500],
        prefix=prefix,
        staff_id=acting.staff_id,
    )
    return RedirectResponse(f"{CARDS}/{system.id}/vouchers/{made}?gelukt=gemaakt", 303)


@router.get("/{type_id}")
def show_type(
    request: Request,
    session: RequestSession,
    *,
    system: OwnSystem,
    voucher_type: Annotated[VoucherType, Depends(_own_type)],
    voor: int = 0,
    gelukt: str = "",
) -> Response:
    """Show one voucher type and its series."""
    return _page(request, session, system, voucher_type, older_than=voor, done=gelukt)


@router.post("/{type_id}/reeksen")
def add_series(
    request: Request,
    session: RequestSession,
    acting: Pricer,
    *,
    system: OwnSystem,
    voucher_type: Annotated[VoucherType, Depends(_own_type)],
    count: Annotated[str, Form()] = "",
) -> Response:
    """Make numbers."""
    _ = speak(request)
    wanted = int(count) if _COUNT.fullmatch(count.strip()) else 0
    if not 0 < wanted <= MOST:
        sentence = _("Vul een aantal in van 1 tot {most}.", most=MOST)
        return _page(request, session, system, voucher_type, errors={"count": sentence}, count=count)
    try:
        make_series(session, voucher_type, wanted, datetime.now(UTC), staff_id=acting.staff_id)
    except NoTableError:
        sentence = _("Vul eerst in wat een kaart nu kost: een voucher begint met die prijzen.")
        errors = {"": sentence}
        return _page(request, session, system, voucher_type, errors=errors, count=count, needs_prices=True)
    return RedirectResponse(f"{CARDS}/{system.id}/vouchers/{voucher_type.id}?gelukt=klaar", 303)


@router.get("/{type_id}/reeksen/{series_id}.csv")
def download_series(
    request: Request,
    session: RequestSession,
    *,
    system: OwnSystem,
    voucher_type: Annotated[VoucherType, Depends(_own_type)],
    series_id: int,
) -> Response:
    """Send the numbers of a series, with what is used of them."""
    found = session.get(VoucherSeries, series_id)
    if found is None or found.type_id != voucher_type.id:
        raise ProblemError(404, "There is no such series.", type="zuil:place")
    lines = list(series_file(session, voucher_type, found, speak(request)("gebruikt")))
    name = f"vouchers-{system.id}-{voucher_type.prefix}-{found.id}.csv"
    return send_table(lines, name)


def _errors(_: Translator, name: str, prefix: str, others: list[VoucherType]) -> dict[str, str]:
    errors = {}
    if not 0 < len(name) <= LONGEST_NAME:
        errors["name"] = _("Geef het vouchertype een naam van hoogstens {n} tekens.", n=LONGEST_NAME)
    elif any(one.name.casefold() == name.casefold() for one in others):
        errors["name"] = _("Er is al een vouchertype met deze naam.")
    if _PREFIX.fullmatch(prefix) is None:
        errors["prefix"] = _(
            "Een prefix heeft {least} tot {most} letters of cijfers.",
            least=SHORTEST_PREFIX,
            most=LONGEST_PREFIX,
        )
    return errors


def _types_page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: TypeForm,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    return page(
        request,
        "vouchers/types.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        types=types_of(session, system.id),
        form=form,
        errors=errors,
    )


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    voucher_type: VoucherType,
    *,
    older_than: int = 0,
    errors: Mapping[str, str] = MappingProxyType({}),
    count: str = "",
    done: str = "",
    needs_prices: bool = False,
) -> Response:
    series = series_of(session, voucher_type.id or 0, older_than=older_than or None)
    return page(
        request,
        "vouchers/type.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        voucher_type=voucher_type,
        series=series,
        older=series[-1].id if len(series) == PAGE else None,
        count=count,
        errors=errors,
        done=done,
        needs_prices=needs_prices,
    )
