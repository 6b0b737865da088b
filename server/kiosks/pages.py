"""The balie: see my zuilen, choose the event of each, see the zuil follow."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.choices import event_choices, is_choice
from server.kiosks.overview import KioskView, kiosks_of_counter
from server.kiosks.setup import put_event
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.streams import stream
from server.web.templating import fragment, page

LOOK_SECONDS: Final = 0.4

router = APIRouter(prefix="/balie", include_in_schema=False)

Follower = Annotated[Acting, Depends(Requires(Permission.FOLLOW_OWN_KIOSKS))]
Chooser = Annotated[Acting, Depends(Requires(Permission.CHOOSE_EVENT))]


@router.get("")
def show_kiosks(request: Request, session: RequestSession, acting: Follower) -> Response:
    """Show every zuil of the chosen counter with its live state."""
    views = kiosks_of_counter(session, _counter(acting), datetime.now(UTC))
    return page(request, "kiosks/balie.html", views=views)


@router.get("/stroom")
def follow_kiosks(request: Request, acting: Follower) -> Response:
    """Stream the state of the counter's zuilen, one event for each: `zuil-7`."""
    counter_id = _counter(acting)

    def render(session: Session) -> dict[str, str]:
        views = kiosks_of_counter(session, counter_id, datetime.now(UTC))
        return {f"zuil-{view.number}": fragment(request, "kiosks/_live.html", view=view) for view in views}

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/zuilen/{number}")
def show_choices(
    request: Request, session: RequestSession, acting: Follower, number: int, zoek: str = ""
) -> Response:
    """Show one zuil and the events to choose from."""
    now = datetime.now(UTC)
    view = _own_kiosk(session, acting, number, now)
    choices = event_choices(session, [_counter(acting)], zoek, now)
    return page(
        request,
        "kiosks/choose.html",
        view=view,
        choices=choices,
        search=zoek,
        here=f"/balie/zuilen/{number}",
        back="/balie",
        stream="/balie/stroom",
    )


@router.post("/zuilen/{number}/activiteit")
def choose_event(
    session: RequestSession, acting: Chooser, number: int, event_id: Annotated[str, Form()] = ""
) -> Response:
    """Put an event on a zuil, or leave the choice to the zuil when `event_id` is empty (rules 8.1, 8.2)."""
    counter_id = _counter(acting)
    kiosk = _own_kiosk(session, acting, number, datetime.now(UTC)).kiosk
    if event_id and not is_choice(session, counter_id, event_id):
        raise ProblemError(
            403, "This event is not organised by or located at your counter.", type="zuil:event"
        )
    put_event(session, kiosk, event_id or None, staff_id=acting.staff_id, counter_id=counter_id)
    return RedirectResponse(f"/balie/zuilen/{number}", 303)


def _counter(acting: Acting) -> int:
    if acting.counter_id is None:
        raise ProblemError(403, "Choose a counter first.", type="zuil:counter")
    return acting.counter_id


def _own_kiosk(session: Session, acting: Acting, number: int, now: datetime) -> KioskView:
    for view in kiosks_of_counter(session, _counter(acting), now):
        if view.number == number:
            return view
    raise ProblemError(404, "This zuil does not stand at your counter.", type="zuil:kiosk")
