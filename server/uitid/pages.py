"""What a pashouder does himself, on his phone: link his UiTPAS to his UiTiD, or register (rules 4, 14.1)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.checkins.birthdate import parse_birth_date
from server.kernel.attempts import seconds_to_wait
from server.kernel.database import Database, RequestSession, WritingSession
from server.passholders.insz import InvalidInszError, birth_date_of, parse_insz
from server.passholders.models import Passholder
from server.registration.facts import Fault, Person, RefusedError
from server.registration.myself import helping, helping_counters, register_myself
from server.registration.words import fault_words
from server.staff.access import open_to_strangers
from server.uitid.linking import TakenError, Uitid, holder_of_uitid, link_uitid
from server.uitid.login import (
    COMES_BACK,
    back_from_uitid,
    demo_uitid,
    go_to_uitid,
    note_of,
    stands_in,
    stay,
    who_is,
)
from server.uitid.models import UitidLink
from server.uitid.tokens import PER_NUMBER, Proven, counted_as, holder_of_card, make_token, read_token
from server.uitid.words import TAKEN
from server.web.i18n import language_of, speak
from server.web.login import local_path
from server.web.templating import page
from shared.domain.zones import local_day

HERE: Final = "/mijn-uitpas"
LINK: Final = f"{HERE}/koppelen"
REGISTER: Final = f"{HERE}/registreren"
OWN: Final = f"{HERE}/ik"
PER_ADDRESS: Final = (240, 600)
"""Attempts and seconds: a whole library may share one address."""
NEEDS_INPUT: Final = 422
GONE: Final = 410
TOO_MANY: Final = 429

router = APIRouter(dependencies=[Depends(open_to_strangers)], include_in_schema=False)


class SelfForm(BaseModel):
    """What somebody typed of himself. helper: the counter and the card system, `3-5`."""

    note: str = ""
    first_name: str = ""
    last_name: str = ""
    birth_date: str = ""
    postcode: str = ""
    place: str = ""
    email: str = ""
    helper: str = ""


@router.get(HERE)
def show_start(request: Request, session: RequestSession) -> Response:
    """Ask for number and birth date."""
    return _start_page(request, session)


@router.post(HERE)
def find_myself(
    request: Request,
    session: RequestSession,
    number: Annotated[str, Form()] = "",
    born: Annotated[str, Form()] = "",
) -> Response:
    """Go on with the UiTPAS of who types its number and his date of birth."""
    database: Database = request.app.state.database
    address = f"address {request.client.host if request.client else ''}"
    # Counted in a transaction of its own, before this one writes.
    wait = _wait(database, address, PER_ADDRESS) or _wait(database, counted_as(number), PER_NUMBER)
    day = parse_birth_date(born, local_day(datetime.now(UTC)))
    proven = holder_of_card(session, number, day) if day is not None and not wait else None
    if proven is None:
        return _start_page(request, session, number=number, born=born, wait=wait, is_wrong=not wait)
    return RedirectResponse(f"{LINK}/{make_token(session, proven, datetime.now(UTC))}", 303)


@router.get(LINK + "/{token}")
def show_linking(request: Request, session: RequestSession, token: str) -> Response:
    """Show whose UiTPAS will be linked; here the link in a mail ends."""
    proven = read_token(session, token, datetime.now(UTC))
    if proven is None:
        return page(request, "uitid/late.html", status=GONE, again=HERE)
    is_linked = session.get(UitidLink, proven.holder.ref) is not None
    return _link_page(request, proven, f"{LINK}/{token}", is_linked=is_linked)


# A GET: browsers let no form lead to another site here (`form-action`), and nothing changes yet.
@router.get(LINK + "/{token}/uitid")
def begin_linking(request: Request, session: RequestSession, token: str) -> Response:
    """Send somebody to UiTiD, to come back and link."""
    return go_to_uitid(request, session, f"{LINK}/{token}")


@router.get(REGISTER)
def show_registration(request: Request, session: RequestSession) -> Response:
    """Explain how somebody becomes a pashouder by himself."""
    return _register_page(request, is_possible=bool(helping_counters(session)))


@router.get(REGISTER + "/uitid")
def begin_registration(request: Request, session: RequestSession) -> Response:
    """Send somebody to UiTiD with his identity card, to come back and register."""
    return go_to_uitid(request, session, REGISTER)


@router.post(f"{HERE}/demo")
def come_back_in_demo(
    request: Request,
    session: RequestSession,
    back_to: Annotated[str, Form()],
    email: Annotated[str, Form()] = "",
    insz: Annotated[str, Form()] = "",
) -> Response:
    """Be the UiTiD that was typed; exists only in a demo."""
    return _go_on(request, session, demo_uitid(request, email, insz), local_path(back_to))


@router.get(COMES_BACK)
def come_back(request: Request, session: WritingSession) -> Response:
    """Take somebody back from UiTiD and do what he left for."""
    return _go_on(request, session, *back_from_uitid(request, session))


@router.get(REGISTER + "/{note}")
def show_self_form(request: Request, session: RequestSession, note: str) -> Response:
    """Ask who logged in what the login did not say."""
    who = who_is(session, note)
    if who is None:
        return _too_late(request)
    born = _born(who)
    form = SelfForm(note=note, email=who.email or "", birth_date=f"{born:%d/%m/%Y}" if born else "")
    return _self_page(request, session, form)


@router.post(REGISTER)
def register(request: Request, session: RequestSession, form: Annotated[SelfForm, Form()]) -> Response:
    """Make who logged in a pashouder with a digital card."""
    who, now = who_is(session, form.note), datetime.now(UTC)
    if who is None:
        return _too_late(request)
    _ = speak(request)
    by_key = {f"{one.counter_id}-{one.system}": one for one in helping_counters(session)}
    born, helper = parse_birth_date(form.birth_date, local_day(now)), by_key.get(form.helper)
    if born is None or helper is None:
        errors = {} if born else fault_words(_, {"birth_date": Fault.BIRTH_DATE})
        errors |= {} if helper else {"helper": _("Kies een balie.")}
        return _self_page(request, session, form, errors)
    person = Person(
        first_name=form.first_name.strip(),
        last_name=form.last_name.strip(),
        birth_date=born,
        postcode=form.postcode.strip(),
        place=form.place.strip(),
        email=form.email.strip() or None,
        insz=who.insz or "",
        language=language_of(request),
    )
    try:
        desk = helping(helper.counter_id, helper.system)
        holder = register_myself(session, person, who, desk, now)
    except RefusedError as refused:
        return _self_page(request, session, form, fault_words(_, refused.faults))
    except TakenError as error:
        return _self_page(request, session, form, {"": _(TAKEN[error.taken])})
    return _done(request, session, holder, "geregistreerd")


@router.get(HERE + "/aanmelden")
def show_login(request: Request, onbekend: str = "") -> Response:
    """Ask somebody to log in and see what is his."""
    return page(request, "uitid/login.html", demo=stands_in(request), own=OWN, is_unknown=bool(onbekend))


@router.get(OWN + "/uitid")
def begin_login(request: Request, session: RequestSession) -> Response:
    """Send somebody to UiTiD, to come back and see what is his."""
    return go_to_uitid(request, session, OWN)


def _go_on(request: Request, session: Session, who: Uitid, back_to: str) -> Response:
    """Do what somebody logged in for."""
    if back_to == REGISTER:
        return _go_on_registering(request, session, who)
    if back_to == OWN:
        known = holder_of_uitid(session, who)
        unknown = RedirectResponse(f"{HERE}/aanmelden?onbekend=ja", 303)
        return unknown if known is None else _done(request, session, known, "")
    proven = read_token(session, back_to.removeprefix(f"{LINK}/"), datetime.now(UTC))
    if proven is None:
        return page(request, "uitid/late.html", status=GONE, again=HERE)
    try:
        link_uitid(session, proven.holder, who, datetime.now(UTC))
    except TakenError as error:
        problem = speak(request)(TAKEN[error.taken])
        return _link_page(request, proven, back_to, problem=problem)
    return _done(request, session, proven.holder, "gekoppeld")


def _go_on_registering(request: Request, session: Session, who: Uitid) -> Response:
    known = holder_of_uitid(session, who)
    if known is not None:
        return _done(request, session, known, "bekend")
    if not who.insz:
        return _register_page(request, has_no_insz=True)
    return RedirectResponse(f"{REGISTER}/{note_of(session, who)}", 303)


def _too_late(request: Request) -> Response:
    return page(request, "uitid/late.html", status=GONE, again=REGISTER)


def _done(request: Request, session: Session, holder: Passholder, done: str) -> Response:
    response = RedirectResponse(f"{OWN}?gelukt={done}" if done else OWN, 303)
    stay(request, response, session, holder)
    return response


def _link_page(
    request: Request, proven: Proven, here: str, *, is_linked: bool = False, problem: str = ""
) -> Response:
    return page(
        request,
        "uitid/link.html",
        status=NEEDS_INPUT if problem else 200,
        proven=proven,
        here=here,
        is_linked=is_linked,
        problem=problem,
        demo=stands_in(request),
    )


def _register_page(request: Request, *, is_possible: bool = True, has_no_insz: bool = False) -> Response:
    return page(
        request,
        "uitid/register.html",
        status=NEEDS_INPUT if has_no_insz else 200,
        is_possible=is_possible,
        no_insz=has_no_insz,
        demo=stands_in(request),
    )


def _start_page(
    request: Request,
    session: Session,
    *,
    number: str = "",
    born: str = "",
    wait: int = 0,
    is_wrong: bool = False,
) -> Response:
    # On the next whole minute: who comes at the time we name is not refused again.
    again = (datetime.now(UTC) + timedelta(seconds=wait + 59)).replace(second=0) if wait else None
    return page(
        request,
        "uitid/start.html",
        status=TOO_MANY if wait else NEEDS_INPUT if is_wrong else 200,
        number=number,
        born=born,
        again=again,
        is_wrong=is_wrong,
        may_register=bool(helping_counters(session)),
    )


def _self_page(
    request: Request,
    session: Session,
    form: SelfForm,
    errors: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    options = [
        (f"{one.counter_id}-{one.system}", f"{one.name} · {one.system_name}")
        for one in helping_counters(session)
    ]
    return page(
        request,
        "uitid/self.html",
        status=NEEDS_INPUT if errors else 200,
        form=form,
        errors=errors,
        helpers=options,
        action=REGISTER,
    )


def _born(who: Uitid) -> date | None:
    try:
        return birth_date_of(parse_insz(who.insz or ""))
    except InvalidInszError:
        return None


def _wait(database: Database, subject: str, limit: tuple[int, int]) -> int:
    return seconds_to_wait(database, f"uitid:{subject}", most=limit[0], seconds=limit[1])
