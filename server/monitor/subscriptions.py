"""The page on which someone chooses his mails."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.monitor.handling import STATES
from server.monitor.notices import NEVER, Rhythm
from server.monitor.wishes import places_of, put_wishes, wishes_of
from server.monitor.words import state_word
from server.settings import Settings
from server.staff.access import Requires
from server.staff.models import Staff
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

LONGEST_NUMBER: Final = 9
DEMO_MAILS: Final = "/demo/mails"

router = APIRouter(prefix="/monitor/berichten", include_in_schema=False)

Handler = Annotated[Acting, Depends(Requires(Permission.HANDLE_ALERTS))]
Chosen = Annotated[list[str], Form(alias="wish", default_factory=list)]
"""Each `<card system or nothing>:<state>:<rhythm>`."""


@router.get("")
def show_wishes(request: Request, session: RequestSession, acting: Handler, gelukt: str = "") -> Response:
    """Show which mails one gets, for each card system one looks after."""
    _ = speak(request)
    settings: Settings = request.app.state.settings
    places = places_of(session, acting.staff_id)
    own = [("", _("Geen mail")), (Rhythm.NOW.value, _("Meteen")), (Rhythm.DAILY.value, _("Elke ochtend"))]
    besides = [("", _("Zoals overal")), (NEVER, _("Geen mail")), *own[1:]]
    return page(
        request,
        "monitor/wishes.html",
        places=[
            (place, besides if place.system is not None and places[0].system is None else own)
            for place in places
        ],
        wishes=wishes_of(session, acting.staff_id),
        states=[(str(state), state_word(_, state)) for state in STATES],
        address=session.get_one(Staff, acting.staff_id).email,
        has_mail=settings.has_mail,
        mails_at=DEMO_MAILS if settings.demo and settings.smtp_url is None else "",
        done=gelukt,
    )


@router.post("")
def set_wishes(request: Request, session: RequestSession, acting: Handler, chosen: Chosen) -> Response:
    """Keep which mails one wants, in the language of this page."""
    wanted = dict(filter(None, map(_read, chosen)))
    places = places_of(session, acting.staff_id)
    changed = put_wishes(session, acting.staff_id, places, wanted, speak(request).language)
    return RedirectResponse(f"/monitor/berichten?gelukt={'bewaard' if changed else 'hetzelfde'}", 303)


def _read(text: str) -> tuple[tuple[int | None, str], str] | None:
    system, _, rest = text.partition(":")
    state, _, rhythm = rest.partition(":")
    if system and not (system.isascii() and system.isdecimal() and len(system) <= LONGEST_NUMBER):
        return None
    return (int(system) if system else None, state), rhythm
