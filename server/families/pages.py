"""A family at the counter, and the page where somebody leaves one by himself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.api.wire import address_of
from server.families.keeping import (
    MOST_ADULTS,
    MOST_MEMBERS,
    Doer,
    FamilyError,
    FamilyFault,
    add_relative,
    families_with,
    family_of,
    remove_relative,
)
from server.families.telling import tell_relative, who_leaves
from server.families.words import FAULTS
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.passholders.models import Passholder
from server.registration.finding import holder_with
from server.registration.form import birth_fault, read_day
from server.registration.person import HERE, NEEDS_INPUT, Looked, Served, Visit
from server.registration.scanning import scan_page
from server.registration.words import fault_words
from server.staff.access import open_to_strangers
from server.uitid.tokens import holder_of_card
from server.web.i18n import speak
from server.web.templating import page
from shared.domain.prices import age_on
from shared.domain.zones import local_day

ADD: Final = "number"
"""The field that is about who is to be added."""
BORN: Final = "born"

router = APIRouter(prefix=f"{HERE}/{{ref}}/gezin", include_in_schema=False)
leaving = APIRouter(prefix="/gezin", dependencies=[Depends(open_to_strangers)], include_in_schema=False)


@router.get("")
def show_family(visit: Looked, gelukt: str = "") -> Response:
    """Show who is in somebody's family, and in whose he is."""
    visit.own_desk()
    visit.note_look()
    return _family_page(visit, done=gelukt)


@router.post("")
def add_to_family(
    visit: Served, number: Annotated[str, Form()] = "", born: Annotated[str, Form()] = ""
) -> Response:
    """Take somebody into a family, by his card and his date of birth."""
    by, now, day = _doer(visit), datetime.now(UTC), read_day(born)
    if day is None:
        (sentence,) = fault_words(speak(visit.request), birth_fault(born)).values()
        return _family_page(visit, errors={BORN: sentence}, number=number, born=born)
    try:
        added = add_relative(visit.session, visit.holder, _with_card(visit, number, day), now, by)
    except FamilyError as error:
        errors = {ADD: speak(visit.request)(FAULTS[error.fault])}
        return _family_page(visit, errors=errors, number=number, born=day.isoformat())
    tell_relative(visit.session, added, now, address_of(visit.request))
    return RedirectResponse(f"{HERE}/{visit.holder.ref}/gezin?gelukt=toegevoegd", 303)


@router.post("/{member}/weg")
def remove_from_family(visit: Served, member: str) -> Response:
    """Take somebody out of a family."""
    relative = holder_with(visit.session, member)
    if relative is None or not remove_relative(
        visit.session, visit.holder.ref or 0, relative.ref or 0, _doer(visit)
    ):
        raise ProblemError(404, "This person is not in this family.", type="zuil:place")
    return RedirectResponse(f"{HERE}/{visit.holder.ref}/gezin?gelukt=weg", 303)


@leaving.get("/{token}")
def show_leaving(request: Request, session: RequestSession, token: str) -> Response:
    """Ask who came from his mail whether he wants to leave a family."""
    found = who_leaves(session, token, datetime.now(UTC))
    main = session.get_one(Passholder, found.main_ref) if found is not None else None
    return page(request, "families/leaving.html", status=200 if main else 410, main=main, is_out=False)


@leaving.post("/{token}")
def leave(request: Request, session: RequestSession, token: str) -> Response:
    """Leave a family; once more says the same."""
    found = who_leaves(session, token, datetime.now(UTC))
    if found is not None:
        remove_relative(session, found.main_ref, found.member_ref, Doer())
    return page(request, "families/leaving.html", main=None, is_out=True)


def _with_card(visit: Visit, number: str, born: date) -> Passholder:
    proven = holder_of_card(visit.session, number, born)
    if proven is None:
        raise FamilyError(FamilyFault.UNKNOWN)
    return proven.holder


def _doer(visit: Visit) -> Doer:
    visit.own_desk()
    return Doer(staff_id=visit.acting.staff_id, counter_id=visit.acting.counter_id)


def _family_page(
    visit: Visit,
    *,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
    number: str = "",
    born: str = "",
) -> Response:
    today, family = local_day(datetime.now(UTC)), family_of(visit.session, visit.holder)
    return scan_page(
        visit.request,
        "families/family.html",
        status=NEEDS_INPUT if errors else 200,
        holder=visit.holder,
        family=[(one, age_on(one.holder.birth_date, today)) for one in family],
        families=families_with(visit.session, visit.holder.ref or 0),
        most_members=MOST_MEMBERS,
        most_adults=MOST_ADULTS,
        errors=errors,
        done=done,
        number=number,
        born=born,
    )
