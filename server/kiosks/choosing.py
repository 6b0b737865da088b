"""The event of one zuil, chosen by who manages the zuilen: as its counter can (rules 8.1, 8.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.counters.reach import counters_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.choices import event_choices, is_choice
from server.kiosks.dashboard import Owner, kiosk_in_reach
from server.kiosks.overview import KioskView
from server.kiosks.setup import put_event
from server.staff.sessions import Acting
from server.web.streams import stream
from server.web.templating import fragment, page

LOOK_SECONDS: Final = 0.4

router = APIRouter(prefix="/dashboard/zuilen/{number}/activiteit", include_in_schema=False)


@router.get("")
def show_choices(
    request: Request, session: RequestSession, acting: Owner, number: int, zoek: str = ""
) -> Response:
    """Show one zuil and the events of its counters to choose from."""
    view = kiosk_in_reach(session, acting, number)
    here = f"/dashboard/zuilen/{number}"
    return page(
        request,
        "kiosks/choose.html",
        view=view,
        choices=event_choices(session, _counters(session, acting, view), zoek, datetime.now(UTC)),
        search=zoek,
        here=here,
        back=here,
        search_at=f"{here}/activiteit",
        stream=f"{here}/activiteit/stroom",
    )


@router.get("/stroom")
def follow_choice(request: Request, session: RequestSession, acting: Owner, number: int) -> Response:
    """Stream whether the zuil follows."""
    kiosk_in_reach(session, acting, number)

    def render(session: Session) -> dict[str, str]:
        try:
            view = kiosk_in_reach(session, acting, number)
        except ProblemError:
            return {}  # removed meanwhile
        return {f"zuil-{number}": fragment(request, "kiosks/_live.html", view=view)}

    return stream(request, render, seconds=LOOK_SECONDS)


@router.post("")
def choose_event(
    session: RequestSession, acting: Owner, number: int, event_id: Annotated[str, Form()] = ""
) -> Response:
    """Put an event on the zuil, or leave the choice to the zuil when `event_id` is empty."""
    view = kiosk_in_reach(session, acting, number)
    counters = _counters(session, acting, view)
    if event_id and not any(is_choice(session, counter, event_id) for counter in counters):
        raise ProblemError(
            403, "This event is not organised by or located at its counters.", type="zuil:event"
        )
    put_event(session, view.kiosk, event_id or None, staff_id=acting.staff_id)
    return RedirectResponse(f"/dashboard/zuilen/{number}/activiteit", 303)


def _counters(session: Session, acting: Acting, view: KioskView) -> list[int]:
    """Return the counters of a zuil that are within reach: of another card system it is theirs to choose."""
    mine = {counter.id for counter in counters_in_reach(session, acting)}
    return [counter.id for counter in view.counters if counter.id is not None and counter.id in mine]
