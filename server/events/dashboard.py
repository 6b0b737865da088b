"""The KSB sets the points and the check-in limit of an event (rules 3.8-3.10)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.events.models import Event
from server.events.settings import (
    DEFAULT_POINTS,
    EventEndedError,
    EventSettings,
    find_event,
    put_settings,
    search_events,
    settings_of,
    systems_of_event,
    view,
)
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.templating import page
from server.web.words import limit_phrase, period_phrase
from shared.domain.periods import Limit, Period

NEEDS_INPUT: Final = 422
MOST_POINTS: Final = 100
MOST_TIMES: Final = 100
HERE: Final = "/dashboard/instellingen/activiteiten"

router = APIRouter(prefix=HERE, include_in_schema=False)

Setter = Annotated[Acting, Depends(Requires(Permission.SET_EVENTS))]


class EventForm(BaseModel):
    """What was typed. `own` is "yes" for a limit of its own."""

    points: str = ""
    own: str = ""
    volume: str = ""
    period: str = ""


@router.get("")
def show_events(request: Request, session: RequestSession, acting: Setter, zoek: str = "") -> Response:
    """Show the events of the card system that match, the nearest first."""
    views = search_events(session, acting.card_system_id, zoek, datetime.now(UTC))
    say_limit = partial(limit_phrase, speak(request))
    return page(request, "events/list.html", views=views, search=zoek, say_limit=say_limit)


@router.get("/{event_id}")
def show_event(
    request: Request, session: RequestSession, acting: Setter, event_id: str, gelukt: str = ""
) -> Response:
    """Show what holds for one event, with its default."""
    event = _event(session, acting, event_id)
    return _page(request, session, event, _form_of(event), {}, done=gelukt)


@router.post("/{event_id}")
def save_event(
    request: Request,
    session: RequestSession,
    acting: Setter,
    event_id: str,
    form: Annotated[EventForm, Form()],
) -> Response:
    """Change what holds, unless the event is over."""
    event = _event(session, acting, event_id)
    _ = speak(request)
    wanted, errors = read_form(form, _)
    if wanted is None:
        return _page(request, session, event, form, errors)
    try:
        changed = put_settings(session, event, wanted, datetime.now(UTC), staff_id=acting.staff_id)
    except EventEndedError:
        sentence = _("Deze activiteit is voorbij. Er kan niets meer aan veranderen.")
        return _page(request, session, event, form, {"": sentence})
    return RedirectResponse(f"{HERE}/{event_id}?gelukt={'zuilen' if changed else 'hetzelfde'}", 303)


def read_form(form: EventForm, _: Translator) -> tuple[EventSettings | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong."""
    points = _whole(form.points, MOST_POINTS)
    errors = {}
    if points is None:
        errors["points"] = _("Geef een heel getal van 1 tot {most}.", most=MOST_POINTS)
    limit = None
    if form.own == "yes":
        volume = _whole(form.volume, MOST_TIMES)
        if volume is None:
            errors["volume"] = _("Geef een heel getal van 1 tot {most}.", most=MOST_TIMES)
        if form.period not in set(Period):
            errors["period"] = _("Kies een periode uit de lijst.")
        if not errors:
            limit = Limit(volume or 1, Period(form.period))
    if errors or points is None:
        return None, errors
    return EventSettings(points, limit), {}


def _page(
    request: Request,
    session: Session,
    event: Event,
    form: EventForm,
    errors: Mapping[str, str],
    *,
    done: str = "",
) -> Response:
    _ = speak(request)
    return page(
        request,
        "events/event.html",
        status=NEEDS_INPUT if errors else 200,
        view=view(event, datetime.now(UTC)),
        form=form,
        errors=errors,
        done=done,
        default_points=DEFAULT_POINTS,
        systems=systems_of_event(session, event.id),
        periods=[(period.value, period_phrase(_, period)) for period in Period],
        say_limit=partial(limit_phrase, _),
    )


def _form_of(event: Event) -> EventForm:
    settings = settings_of(event)
    limit = settings.limit or view(event, datetime.now(UTC)).default_limit
    return EventForm(
        points=str(settings.points),
        own="yes" if settings.limit else "",
        volume=str(limit.volume),
        period=limit.period.value,
    )


def _event(session: Session, acting: Acting, event_id: str) -> Event:
    event = find_event(session, acting.card_system_id, event_id)
    if event is None:
        raise ProblemError(404, "This event is not in your card system.", type="zuil:place")
    return event


def _whole(text: str, most: int) -> int | None:
    digits = text.strip()
    is_whole = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(most))
    return int(digits) if is_whole and 1 <= int(digits) <= most else None
