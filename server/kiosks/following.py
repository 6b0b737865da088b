"""The page of one zuil, as it happens: its state, what was ordered, how far a blocked one is."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.blocking import blocking_of
from server.kiosks.commands import latest_commands
from server.kiosks.dashboard import LOOK_SECONDS, Follower, kiosk_in_reach, shown_of
from server.kiosks.findings import event_titles
from server.kiosks.overview import KioskView
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.streams import stream
from server.web.templating import fragment
from shared.domain.commands import CommandKind

router = APIRouter(prefix="/dashboard/zuilen/{number}", include_in_schema=False)


@router.get("/stroom")
def follow_kiosk(
    request: Request, session: RequestSession, acting: Follower, number: int, stand: str = ""
) -> Response:
    """Stream what changes of one zuil; `stand` is the state that the page shows already."""
    kiosk_in_reach(session, acting, number)
    body = _Body(request, acting, stand)

    def render(session: Session) -> dict[str, str]:
        try:
            view = kiosk_in_reach(session, acting, number)
        except ProblemError:
            return {}  # removed meanwhile
        return body.render(session, view) | _pieces(request, session, view)

    return stream(request, render, seconds=LOOK_SECONDS)


class _Body:
    """What can be done with a zuil: sent only when its state is another, so that no form is lost."""

    def __init__(self, request: Request, acting: Acting, stand: str) -> None:
        self._request = request
        self._acting = acting
        self._stand = stand
        self._sent: dict[str, str] = {}

    def render(self, session: Session, view: KioskView) -> dict[str, str]:
        if view.kiosk.state != self._stand:
            self._stand = view.kiosk.state
            shown = shown_of(self._request, session, self._acting, view)
            self._sent = {"zuil": fragment(self._request, "kiosks/_kiosk.html", **shown)}
        return self._sent


def _pieces(request: Request, session: Session, view: KioskView) -> dict[str, str]:
    now = datetime.now(UTC)
    commands = latest_commands(session, view.number, now)
    shown = {
        "number": view.number,
        "titles": event_titles(session, commands.values(), speak(request).language),
    }
    orders = {
        f"opdracht-{kind}": fragment(request, "kiosks/_order.html", order=commands.get(kind), **shown)
        for kind in CommandKind
    }
    return orders | {
        "toestand": fragment(request, "kiosks/_health.html", view=view),
        "afscheid": fragment(request, "kiosks/_farewell.html", blocking=blocking_of(view, now)),
    }
