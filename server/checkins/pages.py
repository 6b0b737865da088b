"""What a pashouder's phone shows after scanning the code on a zuil."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from itsdangerous import BadSignature, URLSafeTimedSerializer
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.birthdate import parse_birth_date
from server.checkins.scan import Saved, Scan, check_scan, save_point
from server.events.models import Event
from server.kernel.attempts import refuse_flood
from server.kernel.database import Database
from server.staff.access import open_to_strangers
from server.web.i18n import language_of, speak
from server.web.templating import page
from shared.domain.checkin import Decision
from shared.domain.messages import message
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number
from shared.domain.outcomes import Outcome
from shared.domain.zones import local_day

SCAN_SECONDS: Final = 900
"""So long after the scan one may type; the code itself need not be good any more."""
REMEMBER_SECONDS: Final = 400 * 86_400
COOKIE: Final = "uitpas_nummer"
PER_NUMBER: Final = (8, 600)
PER_ADDRESS: Final = (240, 600)
"""Attempts and seconds. A whole hall may share one address; a number belongs to one person."""
NEEDS_INPUT: Final = 422
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


@router.post("/c/{code}")
@router.post("/C/{code}")
def save(request: Request, code: str, form: Annotated[ScanForm, Form()]) -> Response:
    """Save the point and say how it went."""
    database: Database = request.app.state.database
    now = datetime.now(UTC)
    scan = _read_note(request, code, form.scan)
    if isinstance(scan, Outcome):
        return _result(request, _nothing(scan))
    refuse_flood(database, f"scan:{_address(request)}", most=PER_ADDRESS[0], seconds=PER_ADDRESS[1])
    with database.reading() as session:
        event = session.get_one(Event, scan.event_id)
    if not form.number and not form.born:
        return _form(request, form, event)  # the next one of the family, with the same scan
    number, born = _read_number(form.number), parse_birth_date(form.born, local_day(now))
    if number is None or born is None:
        return _form(request, form, event, wrong_number=number is None, wrong_born=born is None)
    refuse_flood(database, f"scan:{number}", most=PER_NUMBER[0], seconds=PER_NUMBER[1])
    with database.writing() as session:
        saved = save_point(session, scan, number, born, now)
    if saved.decision.outcome is Outcome.UNKNOWN_CARD:
        return _form(request, form, event, problem="unknown")
    response = _result(request, saved, event, form.scan)
    _remember(response, number if form.remember else None)
    return response


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


def _form(
    request: Request,
    form: ScanForm,
    event: Event,
    *,
    problem: str = "",
    wrong_number: bool = False,
    wrong_born: bool = False,
) -> Response:
    _ = speak(request)
    is_wrong = bool(problem or wrong_number or wrong_born)
    return page(
        request,
        "checkins/scan.html",
        status=NEEDS_INPUT if is_wrong else 200,
        form=form,
        event_title=_title(request, event),
        event_place=event.place_name,
        problem=problem,
        number_error=message(Outcome.MALFORMED_NUMBER, _.language) if wrong_number else "",
        wrong_born=wrong_born,
    )


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
