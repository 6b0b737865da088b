"""The pages of the alerts: what is wrong, who does what about it, and which mails someone wants."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.monitor.handling import (
    SNOOZES,
    acknowledge,
    assign,
    colleagues,
    coming_back,
    comment,
    count_gathering,
    find_incident,
    let_go,
    members,
    notes,
    read_incidents,
    snooze,
    wake,
)
from server.monitor.models import Incident
from server.monitor.pages import whole_number
from server.monitor.passing import mail_given
from server.monitor.telling import incident_advice, incident_name, incident_place, read_names
from server.monitor.words import TONES, advice, cause_word, state_word
from server.settings import Settings
from server.staff.access import Requires
from server.staff.models import Staff
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.streams import stream
from server.web.templating import fragment, page
from shared.domain.rootcause import Scope
from shared.domain.watching import Cause
from shared.domain.zones import from_millis

LOOK_SECONDS: Final = 1.0

router = APIRouter(prefix="/monitor", include_in_schema=False)

Handler = Annotated[Acting, Depends(Requires(Permission.HANDLE_ALERTS))]


@router.get("/meldingen")
def show_alerts(
    request: Request, session: RequestSession, acting: Handler, oud: str = "", blad: str = "1"
) -> Response:
    """Show a page of what is wrong now, or with `oud` of what is over."""
    shown = _list(request, session, acting, blad, old=bool(oud))
    return page(request, "monitor/alerts.html", **shown)


@router.get("/meldingen/stroom")
def follow_alerts(request: Request, acting: Handler, blad: str = "1") -> Response:
    """Stream a page of what is wrong now."""

    def render(session: Session) -> dict[str, str]:
        return {
            "meldingen": fragment(request, "monitor/_alerts.html", **_list(request, session, acting, blad))
        }

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/meldingen/{incident_id}")
def show_alert(request: Request, session: RequestSession, acting: Handler, incident_id: int) -> Response:
    """Show one alert: its zuilen, what happened, and what can be done."""
    return page(request, "monitor/alert.html", **_shown(request, session, acting, incident_id))


@router.get("/meldingen/{incident_id}/stroom")
def follow_alert(request: Request, session: RequestSession, acting: Handler, incident_id: int) -> Response:
    """Stream what becomes of one alert."""
    _incident(session, acting, incident_id)

    def render(session: Session) -> dict[str, str]:
        if find_incident(session, acting.card_system_id, incident_id) is None:
            return {}  # no zuil of it is within reach any more
        shown = _shown(request, session, acting, incident_id)
        return {
            event: fragment(request, f"monitor/{template}.html", **shown)
            for event, template in (("melding", "_alert"), ("zuilen", "_members"), ("verloop", "_notes"))
        }

    return stream(request, render, seconds=LOOK_SECONDS)


@router.post("/meldingen/{incident_id}/opnemen")
def take_up(session: RequestSession, acting: Handler, incident_id: int) -> Response:
    """Say that one looks after it."""
    acknowledge(session, _incident(session, acting, incident_id), _now(), acting.staff_id)
    return _back(incident_id)


@router.post("/meldingen/{incident_id}/sluimeren")
def put_aside(
    session: RequestSession, acting: Handler, incident_id: int, uren: Annotated[int, Form()] = 1
) -> Response:
    """Have nobody hear more of it for a while."""
    hours = uren if uren in SNOOZES else SNOOZES[0]
    snooze(session, _incident(session, acting, incident_id), _now(), acting.staff_id, hours)
    return _back(incident_id)


@router.post("/meldingen/{incident_id}/loslaten")
def put_down(session: RequestSession, acting: Handler, incident_id: int) -> Response:
    """Say that nobody looks after it any more."""
    let_go(session, _incident(session, acting, incident_id), _now(), acting.staff_id)
    return _back(incident_id)


@router.post("/meldingen/{incident_id}/wekken")
def hear_again(session: RequestSession, acting: Handler, incident_id: int) -> Response:
    """Have everyone hear of it again."""
    wake(session, _incident(session, acting, incident_id), _now(), acting.staff_id)
    return _back(incident_id)


@router.post("/meldingen/{incident_id}/toewijzen")
def give(
    request: Request,
    session: RequestSession,
    acting: Handler,
    incident_id: int,
    aan: Annotated[int, Form()] = 0,
) -> Response:
    """Give it to a colleague, and tell him."""
    incident = _incident(session, acting, incident_id)
    for staff in colleagues(session, incident, acting.card_system_id):
        if staff.id == aan:
            assign(session, incident, _now(), acting.staff_id, staff)
            _tell_given(request, session, incident, staff, acting.staff_id)
    return _back(incident_id)


@router.post("/meldingen/{incident_id}/opmerking")
def say(
    session: RequestSession, acting: Handler, incident_id: int, tekst: Annotated[str, Form()] = ""
) -> Response:
    """Add a remark."""
    comment(session, _incident(session, acting, incident_id), _now(), acting.staff_id, tekst)
    return _back(incident_id)


def _tell_given(request: Request, session: Session, incident: Incident, to: Staff, by: int) -> None:
    settings: Settings = request.app.state.settings
    if settings.has_mail:
        mail_given(session, incident, to, session.get_one(Staff, by), now=_now(), address=settings.address)


def _shown(request: Request, session: Session, acting: Acting, incident_id: int) -> dict[str, Any]:
    _ = speak(request)
    incident = _incident(session, acting, incident_id)
    cause = Cause(incident.cause)
    who = {staff.id: staff.name for staff in _named(session, [incident])}
    names = read_names(session, [incident])
    return {
        "one": incident,
        "title": incident_name(_, incident, names),
        "place": ", ".join(incident_place(incident, names)),
        "advice": incident_advice(_, incident) or advice(_, cause),
        "cause": cause_word(_, cause),
        "state": state_word(_, incident.state),
        "is_back": bool(coming_back(session, [incident])),
        "tone": TONES[incident.state],
        "members": members(session, incident),
        "state_of": lambda state: state_word(_, state),
        "notes": [(note, name, _deed(_, note.deed, note.text)) for note, name in notes(session, incident)],
        "who": who,
        "colleagues": colleagues(session, incident, acting.card_system_id),
        "snoozes": SNOOZES,
        "is_snoozed": (incident.snoozed_until or 0) > _now(),
        "at": from_millis,
    }


def _list(
    request: Request, session: Session, acting: Acting, asked: str, *, old: bool = False
) -> dict[str, Any]:
    _ = speak(request)
    listed = read_incidents(session, acting.card_system_id, whole_number(asked) or 1, is_open=not old)
    found = listed.rows
    names = read_names(session, found)
    who = {staff.id: staff.name for staff in _named(session, found)}
    said: Callable[[Incident], str] = lambda one: incident_name(_, one, names)  # noqa: E731 - a word for the template
    return {
        "incidents": found,
        "old": old,
        "listed": listed,
        "gathering": 0 if old else count_gathering(session, acting.card_system_id, _now()),
        "title": said,
        "place": lambda one: ", ".join(incident_place(one, names)),
        "cause": lambda one: cause_word(_, Cause(one.cause)),
        "state": lambda one: state_word(_, one.state),
        "back": coming_back(session, found),
        "tones": TONES,
        "who": who,
        "shared": Scope.KIOSK.value,
        "at": from_millis,
        "now": _now(),
    }


def _named(session: Session, incidents: Any) -> list[Staff]:  # noqa: ANN401 - any sequence of incidents
    ids = {one.assigned_to for one in incidents} | {one.acknowledged_by for one in incidents}
    return list(session.exec(select(Staff).where(col(Staff.id).in_([one for one in ids if one is not None]))))


def _incident(session: Session, acting: Acting, incident_id: int) -> Incident:
    incident = find_incident(session, acting.card_system_id, incident_id)
    if incident is None:
        raise ProblemError(404, "There is no such alert in your card system.", type="zuil:alert")
    return incident


def _deed(_: Translator, deed: str, text: str) -> str:
    words = {
        "opened": _("begon"),
        "worse": _("werd erger"),
        "closed": _("is opgelost"),
        "escalated": _("niemand reageerde: bericht voor wie hier volgt en een mailadres heeft"),
        "acknowledged": _("nam dit op zich"),
        "snoozed": _.plural(
            "vroeg {n} uur stilte", "vroeg {n} uren stilte", int(text) if text.isdecimal() else 0
        ),
        "woken": _("beëindigde de stilte"),
        "released": _("liet dit los"),
        "assigned": _("gaf dit aan {name}", name=text),
        "commented": text,
    }
    return words.get(deed, deed)


def _back(incident_id: int) -> Response:
    return RedirectResponse(f"/monitor/meldingen/{incident_id}", 303)


def _now() -> int:
    return time.time_ns() // 1_000_000
