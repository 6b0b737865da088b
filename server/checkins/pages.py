"""What a pashouder's phone shows after scanning the code on a zuil."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.branding import Looks, looks_of_event
from server.checkins.birthdate import parse_birth_date
from server.checkins.scan import Saved, Scan, check_scan, save_point
from server.events.models import Event
from server.kernel.attempts import seconds_to_wait
from server.kernel.database import Database
from server.staff.access import open_to_strangers
from server.web.i18n import Translator, language_of, speak
from server.web.templating import page
from shared.domain.checkin import Decision
from shared.domain.messages import message
from shared.domain.numbers import UITPAS_DIGITS, InvalidNumberError, parse_uitpas_number
from shared.domain.outcomes import Outcome
from shared.domain.periods import Limit, Period
from shared.domain.zones import local_day

SCAN_SECONDS: Final = 900
"""So long after the scan one may type; the code itself need not be good any more."""
REMEMBER_SECONDS: Final = 400 * 86_400
COOKIE: Final = "uitpas_nummer"
PER_NUMBER: Final = (8, 600)
PER_ADDRESS: Final = (240, 600)
"""Attempts and seconds. A whole hall may share one address; a number belongs to one person."""
NEEDS_INPUT: Final = 422
TOO_MANY: Final = 429
_STATUS: Final = {Outcome.CODE_INVALID: 404, Outcome.CODE_EXPIRED: 410}

router = APIRouter(dependencies=[Depends(open_to_strangers)], include_in_schema=False)


class ScanForm(BaseModel):
    """What was typed on the phone; `scan` is our own signed note that the code was good."""

    scan: str = ""
    number: str = ""
    born: str = ""
    remember: str = ""


# The QR code is in upper case, which keeps it small; browsers lower the host but not the path.
@router.get("/c/{code}")
@router.get("/C/{code}")
def show_form(request: Request, code: str) -> Response:
    """Check the code and ask for number and birth date."""
    database: Database = request.app.state.database
    with database.reading() as session:
        scan = check_scan(session, code, datetime.now(UTC))
        if isinstance(scan, Decision):
            return _result(request, Saved(scan, None))
        event = session.get_one(Event, scan.event_id)
    note = _signer(request).dumps([code.upper(), scan.kiosk, scan.event_id])
    number = request.cookies.get(COOKIE, "")
    return _form(request, ScanForm(scan=note, number=number, remember=number), event)


@router.get("/c/{code}/klaar/{note}")
@router.get("/C/{code}/klaar/{note}")
def show_result(request: Request, code: str, note: str) -> Response:
    """Tell again how it went; loading this page anew saves nothing."""
    try:
        told, scan_note, event_id, outcome, points, total, limit, opens = _result_signer(request).loads(
            note, max_age=SCAN_SECONDS
        )
    except BadSignature:
        return _result(request, _nothing(Outcome.CODE_EXPIRED))
    if told != code.upper():
        return _result(request, _nothing(Outcome.CODE_INVALID))
    database: Database = request.app.state.database
    with database.reading() as session:
        event = session.get(Event, event_id)
    decision = Decision(
        Outcome(outcome),
        points=points,
        limit=Limit(limit[1], Period(limit[0])) if limit else None,
        opens=datetime.fromisoformat(opens) if opens else None,
    )
    return _result(request, Saved(decision, total), event, scan_note)


@router.post("/c/{code}")
@router.post("/C/{code}")
def save(request: Request, code: str, form: Annotated[ScanForm, Form()]) -> Response:
    """Save the point and say how it went."""
    database: Database = request.app.state.database
    now = datetime.now(UTC)
    scan = _read_note(request, code, form.scan)
    if isinstance(scan, Outcome):
        return _result(request, _nothing(scan))
    with database.reading() as session:
        event = session.get_one(Event, scan.event_id)
    if not form.number and not form.born:
        return _form(request, form, event)  # the next one of the family, with the same scan
    number, born = _read_number(form.number), parse_birth_date(form.born, local_day(now))
    wait = _wait(database, _address(request), PER_ADDRESS)
    if not wait and number and born:
        wait = _wait(database, number, PER_NUMBER)
    if wait or number is None or born is None:
        return _form(request, form, event, wrong_number=number is None, wrong_born=born is None, wait=wait)
    with database.writing() as session:
        saved = save_point(session, scan, number, born, now)
    if saved.decision.outcome is Outcome.UNKNOWN_CARD:
        return _form(request, form, event, problem="unknown")
    response = RedirectResponse(
        f"{request.url.path}/klaar/{_result_note(request, code, form, event, saved)}", 303
    )
    _remember(response, number if form.remember else None)
    return response


def _wait(database: Database, subject: str, limit: tuple[int, int]) -> int:
    return seconds_to_wait(database, f"scan:{subject}", most=limit[0], seconds=limit[1])


def _result_note(request: Request, code: str, form: ScanForm, event: Event, saved: Saved) -> str:
    """Return how it went, signed, with nothing in it that says who."""
    decision = saved.decision
    limit = [decision.limit.period.value, decision.limit.volume] if decision.limit else None
    opens = decision.opens.isoformat() if decision.opens else None
    told = [
        code.upper(),
        form.scan,
        event.id,
        decision.outcome.value,
        decision.points,
        saved.total,
        limit,
        opens,
    ]
    return str(_result_signer(request).dumps(told))


def _read_note(request: Request, code: str, note: str) -> Scan | Outcome:
    try:
        scanned, kiosk, event_id = _signer(request).loads(note, max_age=SCAN_SECONDS)
    except BadSignature:
        return Outcome.CODE_EXPIRED
    return Scan(kiosk, event_id) if scanned == code.upper() else Outcome.CODE_INVALID


def _read_number(text: str) -> str | None:
    try:
        return parse_uitpas_number(text).value
    except InvalidNumberError:
        return None


def _number_error(_: Translator, typed: str) -> str:
    if sum(character.isdecimal() for character in typed) == UITPAS_DIGITS:
        return _("Dit nummer klopt niet. Vergelijk elk cijfer met je kaart.")
    return message(Outcome.MALFORMED_NUMBER, _.language)


def _form(
    request: Request,
    form: ScanForm,
    event: Event,
    *,
    problem: str = "",
    wrong_number: bool = False,
    wrong_born: bool = False,
    wait: int = 0,
) -> Response:
    """Show the form with what was typed; `wait`: so many seconds before it may be tried again."""
    _ = speak(request)
    is_wrong = bool(problem or wrong_number or wrong_born)
    # On the next whole minute: who comes at the time we name is not refused again.
    again = (datetime.now(UTC) + timedelta(seconds=wait + 59)).replace(second=0) if wait else None
    response = page(
        request,
        "checkins/scan.html",
        status=TOO_MANY if wait else NEEDS_INPUT if is_wrong else 200,
        again=again,
        form=form,
        event_title=_title(request, event),
        event_place=event.place_name,
        brand=_brand(request, event),
        problem=problem,
        number_error=_number_error(_, form.number) if wrong_number else "",
        wrong_born=wrong_born,
    )
    if wait:
        response.headers["retry-after"] = str(wait)
    return response


def _brand(request: Request, event: Event) -> tuple[int, Looks] | None:
    database: Database = request.app.state.database
    with database.reading() as session:
        return looks_of_event(session, event.id)


def _result(request: Request, saved: Saved, event: Event | None = None, note: str = "") -> Response:
    decision = saved.decision
    language = language_of(request)
    headline = message(
        decision.outcome,
        language,
        points=decision.points,
        total=saved.total or 0,
        limit=decision.limit,
        opens=decision.opens,
        now=datetime.now(UTC),
    )
    return page(
        request,
        "checkins/result.html",
        status=_STATUS.get(decision.outcome, 200),
        outcome=decision.outcome.value,
        tone=decision.outcome.tone.value,
        headline=headline,
        points=decision.points,
        total=saved.total,
        event_title=_title(request, event) if event else "",
        scan=note,
    )


def _nothing(outcome: Outcome) -> Saved:
    return Saved(Decision(outcome), None)


def _title(request: Request, event: Event) -> str:
    titles = event.titles
    return titles.get(language_of(request)) or titles.get("nl") or next(iter(titles.values()), event.id)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _remember(response: Response, number: str | None) -> None:
    """Keep the number on this phone, or forget it when the box is not ticked."""
    if number is None:
        response.delete_cookie(COOKIE)
    else:
        response.set_cookie(COOKIE, number, max_age=REMEMBER_SECONDS, httponly=True, samesite="lax")


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.settings.secret_key, salt="zuil.scan")


def _result_signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.settings.secret_key, salt="zuil.scan.result")
