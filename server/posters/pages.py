"""Posters to print, for the balie and for the KSB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.branding import logo_of, looks_of_event, rgb
from server.events.models import Event
from server.events.settings import find_event
from server.kernel.audit import record
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.choices import event_choices, is_choice
from server.posters.drawing import Paper, PosterLook, PosterText, draw_poster
from server.posters.making import poster_code, void_posters
from server.settings import Settings
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.templating import page

router = APIRouter(include_in_schema=False)

Chooser = Annotated[Acting, Depends(Requires(Permission.CHOOSE_EVENT))]
Setter = Annotated[Acting, Depends(Requires(Permission.SET_EVENTS))]
Size = Annotated[Paper, Form()]

BALIE: Final = "/balie/affiches"
DASHBOARD: Final = "/dashboard/instellingen/activiteiten/{event_id}/affiche"


@router.get(BALIE)
def show_posters(request: Request, session: RequestSession, acting: Chooser, zoek: str = "") -> Response:
    """Show the counter's events that have a poster: those one can still save for."""
    choices = event_choices(session, [_counter(acting)], zoek, datetime.now(UTC))
    return page(request, "posters/balie.html", choices=choices, search=zoek)


@router.post(BALIE + "/{event_id}")
def print_own(
    request: Request, session: RequestSession, acting: Chooser, event_id: str, size: Size
) -> Response:
    """Make the poster of one of the counter's events."""
    if not is_choice(session, _counter(acting), event_id):
        raise ProblemError(
            403, "This event is not organised by or located at your counter.", type="zuil:event"
        )
    return _poster(request, session, acting, session.get_one(Event, event_id), size)


@router.post(DASHBOARD)
def print_any(
    request: Request, session: RequestSession, acting: Setter, event_id: str, size: Size
) -> Response:
    """Make the poster of an event of the card system."""
    return _poster(request, session, acting, _event(session, acting, event_id), size)


@router.post(DASHBOARD + "/ongeldig")
def make_void(
    session: RequestSession, acting: Setter, event_id: str, sure: Annotated[str, Form()] = ""
) -> Response:
    """Make the posters that hang somewhere void, when the box that says so is ticked."""
    event = _event(session, acting, event_id)
    if sure == "yes":
        void_posters(session, event, staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/instellingen/activiteiten/{event.id}?gelukt=bewaard", 303)


def _poster(request: Request, session: Session, acting: Acting, event: Event, size: Paper) -> Response:
    code = poster_code(session, event, datetime.now(UTC))
    settings: Settings = request.app.state.settings
    host = settings.code_host or settings.public_url or str(request.base_url).rstrip("/")
    text = _text(speak(request), event, f"{host}/c/{code}".upper(), _look(session, event))
    record(
        session,
        "make-poster",
        "event",
        event.id,
        staff_id=acting.staff_id,
        counter_id=acting.counter_id,
        detail={"name": size.value},
    )
    name = f"affiche-{event.number}-{size.value}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(draw_poster(text, size), headers=headers, media_type="application/pdf")


def _look(session: Session, event: Event) -> PosterLook:
    """Return how the event's card system wants its posters."""
    found = looks_of_event(session, event.id)
    if found is None:
        return PosterLook()
    system, looks = found
    logo = logo_of(session, system)
    if not looks.primary:
        return PosterLook(logo=logo)
    return PosterLook(rgb(looks.primary), rgb(looks.secondary), logo)


def _text(_: Translator, event: Event, link: str, look: PosterLook) -> PosterText:
    titles = event.titles
    return PosterText(
        language=_.language,
        title=titles.get(_.language) or titles.get("nl") or next(iter(titles.values()), ""),
        place=event.place_name,
        call=_("Spaar hier met je UiTPAS"),
        steps=(
            _("Scan de code met de camera van je telefoon."),
            _("Vul je UiTPAS-nummer en je geboortedatum in."),
            _.plural("Klaar! Je spaart {n} punt.", "Klaar! Je spaart {n} punten.", event.points),
        ),
        help=_("Lukt het niet? Vraag het aan de balie."),
        small=_("De code werkt van vijf uur voor het begin tot vijf uur na het einde van de activiteit."),
        link=link,
        look=look,
    )


def _event(session: Session, acting: Acting, event_id: str) -> Event:
    event = find_event(session, acting.card_system_id, event_id)
    if event is None:
        raise ProblemError(404, "This event is not in your card system.", type="zuil:event")
    return event


def _counter(acting: Acting) -> int:
    if acting.counter_id is None:
        raise ProblemError(403, "Choose a counter first.", type="zuil:counter")
    return acting.counter_id
