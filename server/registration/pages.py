"""Pashouders at the counter: find one, register one.

What was typed to find somebody travels in a form, never in an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cards.models import CardKind
from server.kernel.audit import record
from server.kernel.database import RequestSession, only_reads
from server.kernel.errors import ProblemError
from server.passholders.standing import default_end, latest_end
from server.registration.checks import gives_digital
from server.registration.desks import Desks, Helper, desk_at, desks_of, registering, system_names
from server.registration.facts import Desk, Joining, Person, RefusedError, refuse
from server.registration.finding import find_by_number, find_named, find_same, is_misread
from server.registration.form import (
    RegistrationForm,
    genders,
    opt_in_words,
    read_joining,
    read_person,
)
from server.registration.giving import lies_at
from server.registration.lookups import Lookups
from server.registration.person import CHANGE, YES
from server.registration.pictures import put_picture
from server.registration.portrait import read_sent
from server.registration.pricing import quote
from server.registration.register import Prepared, prepare, register
from server.registration.scanning import scan_page
from server.registration.words import fault_words
from server.rewards.granting import welcome_rewards
from server.web.i18n import speak
from server.web.kept import forget_typed, keep_typed, new_form, typed_before
from shared.domain.numbers import parse_uitpas_number
from shared.domain.prices import PriceReason
from shared.domain.zones import local_day

HERE: Final = "/balie/pashouders"
NEEDS_INPUT: Final = 422

router = APIRouter(prefix=HERE, include_in_schema=False)


@router.get("")
def show_search(request: Request, _acting: Helper, desks: Desks) -> Response:
    """Show the one field that finds everybody."""
    return scan_page(
        request, "registration/search.html", may_register=bool(registering(desks)), text="", found=None
    )


@router.get("/zoek")
def search_again(_acting: Helper) -> Response:
    """Lead back to the search: what was looked for is in no address."""
    return RedirectResponse(HERE, 303)


@router.post("/zoek")
@only_reads
def search(
    request: Request,
    session: RequestSession,
    acting: Helper,
    text: Annotated[str, Form()] = "",
) -> Response:
    """Find somebody by whatever was scanned or typed; go straight to who is the only one."""
    found = find_by_number(session, text)
    if found and found.people:
        return RedirectResponse(f"{HERE}/{found.people[0].ref}", 303)
    # Only a name asks where this counter may look: who scans waits for nothing else.
    desks = desks_of(session, acting)
    found = found or find_named(session, text, desks)
    may_register = bool(registering(desks))
    return scan_page(
        request,
        "registration/search.html",
        may_register=may_register,
        text=text,
        found=found,
        is_misread=is_misread(text),
        to_give=may_register and found.card is not None and lies_at(found.card, desks),
    )


@router.get("/registreren")
def show_registration(
    request: Request,
    session: RequestSession,
    _acting: Helper,
    desks: Desks,
    *,
    kaart: str = "",
    formulier: str = "",
) -> Response:
    """Show the form for somebody new; `kaart`: a card in the drawer that he is to get.

    formulier: its mark, so that who comes back to this address finds what he typed.
    """
    systems = registering(desks)
    if not systems:
        raise ProblemError(403, "Your counter does not register people.", type="zuil:counter")
    if not formulier:
        query = {"formulier": new_form()} | ({"kaart": kaart} if kaart else {})
        return RedirectResponse(f"{HERE}/registreren?{urlencode(query)}", 303)
    typed = typed_before(request, session, formulier)
    if typed is not None:
        return _registration_page(request, session, desks, RegistrationForm(**typed))
    until = default_end(local_day(datetime.now(UTC)))
    form = RegistrationForm(
        form=formulier, system=next(iter(systems)), tariff_until=until.isoformat(), card=kaart
    )
    found = find_by_number(session, kaart) if kaart else None
    if found and found.card is not None and found.card.card_system_id in systems:
        form.system = found.card.card_system_id
        form.tariff = YES if parse_uitpas_number(found.card.uitpas_number).social_tariff else ""
    return _registration_page(request, session, desks, form)


@router.post("/registreren")
def register_person(
    request: Request,
    session: RequestSession,
    _acting: Helper,
    desks: Desks,
    *,
    form: Annotated[RegistrationForm, Form()],
) -> Response:
    """Show what will happen, and do it when that was seen."""
    now = datetime.now(UTC)
    desk = desk_at(registering(desks), form.system)
    if form.form:
        keep_typed(request, session, form.form, form.model_dump(exclude={"taken", "chosen", "sure"}))
    if form.sure == CHANGE:
        return _registration_page(request, session, desks, form)
    person, faults = read_person(form)
    joining, card_faults = read_joining(form)
    faults |= card_faults
    jpeg, picture_faults = read_sent(form.taken, form.chosen)
    try:
        seen = _prepare(session, person, joining, desk, now)
        refuse(faults)
        if form.sure == YES and not picture_faults:
            holder = register(session, person, joining, desk, now)
            forget_typed(session, form.form)
            if jpeg is not None:
                put_picture(session, holder.ref or 0, jpeg)
                record(
                    session,
                    "put-picture",
                    "passholder",
                    holder.ref,
                    staff_id=desk.staff_id,
                    counter_id=desk.counter_id,
                )
            return RedirectResponse(f"{HERE}/{holder.ref}?gelukt=geregistreerd", 303)
    except RefusedError as refused:
        errors = fault_words(speak(request), {**refused.faults, **faults})
        return _registration_page(request, session, desks, form, errors=errors)
    seen["same"] = find_same(session, person, desks)
    errors = fault_words(speak(request), picture_faults)
    return _registration_page(request, session, desks, form, errors=errors, seen=seen)


def _prepare(
    session: Session, person: Person, joining: Joining, desk: Desk, now: datetime
) -> dict[str, object]:
    """Return what will happen, for people to look over: who, which card, what it costs.

    Raises:
        RefusedError: it will not.
    """
    prepared: Prepared = prepare(Lookups(session), person, joining, desk, now)
    municipality = prepared.checked.municipality
    price = quote(
        session,
        desk,
        PriceReason.FIRST_CARD,
        born=person.birth_date,
        municipality=municipality,
        tariff=joining.tariff_until is not None,
        today=local_day(now),
        voucher=joining.voucher,
        kind=prepared.card.kind if prepared.card is not None else CardKind.DIGITAL,
    )
    return {
        "rewards": welcome_rewards(session, desk.system, municipality, now),
        "person": person,
        "municipality": municipality,
        "card": prepared.card,
        "tariff_until": joining.tariff_until,
        "price": price,
    }


def _registration_page(
    request: Request,
    session: Session,
    desks: Mapping[int, Desk],
    form: RegistrationForm,
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    seen: Mapping[str, object] | None = None,
) -> Response:
    _ = speak(request)
    return scan_page(
        request,
        "registration/register.html" if seen is None else "registration/sure.html",
        status=NEEDS_INPUT if errors else 200,
        form=form,
        errors=errors,
        seen=seen,
        systems=system_names(session, list(registering(desks))),
        genders=genders(_),
        opt_ins=opt_in_words(_),
        latest_end=latest_end(local_day(datetime.now(UTC))),
        gives_digital=gives_digital(session, list(registering(desks))),
    )
