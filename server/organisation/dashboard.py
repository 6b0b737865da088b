"""Who works where: see them, invite one, remove one. And what still has to be set up."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.organisation.inviting import InviteForm, dismiss, people_facts
from server.organisation.inviting import invite as invite_to
from server.organisation.membership import LastAdminError, members
from server.organisation.places import NamedPlace, find_place, places_in_reach
from server.organisation.steps import steps_of
from server.settings import Settings
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

NEEDS_INPUT: Final = 422
SETTINGS: Final = "/dashboard/instellingen"
PEOPLE: Final = f"{SETTINGS}/mensen"

router = APIRouter(prefix=SETTINGS, include_in_schema=False)

Setter = Annotated[Acting, Depends(Requires(Permission.MANAGE_COUNTERS))]
Inviter = Annotated[Acting, Depends(Requires(Permission.MANAGE_MEMBERS))]


def place_asked(session: RequestSession, acting: Inviter, kind: str, place_id: int) -> NamedPlace:
    """Return the place of the address.

    Raises:
        ProblemError: 404, there is none that this person looks after.
    """
    place = find_place(session, acting, kind, place_id)
    if place is None:
        raise ProblemError(404, "You do not look after this place.", type="zuil:place")
    return place


@router.get("")
def show_overview(request: Request, session: RequestSession, acting: Setter) -> Response:
    """Show what is set up and what comes next."""
    return page(request, "organisation/overview.html", steps=steps_of(session, acting))


@router.get("/mensen")
def show_people(request: Request, session: RequestSession, acting: Inviter) -> Response:
    """Show every place with its people."""
    places = [(place, members(session, place.place)) for place in places_in_reach(session, acting)]
    return page(request, "organisation/people.html", places=places)


@router.get("/mensen/{kind}/{place_id}")
def show_place(
    request: Request,
    session: RequestSession,
    acting: Inviter,
    place: Annotated[NamedPlace, Depends(place_asked)],
    gelukt: str = "",
) -> Response:
    """Show who works in one place, with the form to invite someone."""
    return _page(request, session, acting, place, done=gelukt)


@router.post("/mensen/{kind}/{place_id}")
def invite(
    request: Request,
    session: RequestSession,
    acting: Inviter,
    place: Annotated[NamedPlace, Depends(place_asked)],
    form: Annotated[InviteForm, Form()],
) -> Response:
    """Give someone a function here: a person with this e-mail address, known or not."""
    settings: Settings = request.app.state.settings
    done, errors = invite_to(session, acting, place.place, form, speak(request), settings=settings)
    if errors:
        return _page(request, session, acting, place, form=form, errors=errors)
    return RedirectResponse(f"{PEOPLE}/{place.path}?gelukt={done}", 303)


@router.post("/mensen/{kind}/{place_id}/verwijderen")
def remove(
    request: Request,
    session: RequestSession,
    acting: Inviter,
    place: Annotated[NamedPlace, Depends(place_asked)],
    role_id: Annotated[int, Form()],
) -> Response:
    """Take someone's function here away; his sessions end at once."""
    try:
        member = dismiss(session, acting, place.place, role_id)
    except LastAdminError:
        _ = speak(request)
        sentence = _("Dit is de laatste algemene beheerder. Voeg eerst een andere toe.")
        return _page(request, session, acting, place, errors={"": sentence})
    if member.staff_id == acting.staff_id:
        return RedirectResponse("/", 303)
    return RedirectResponse(f"{PEOPLE}/{place.path}?gelukt=verwijderd", 303)


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    place: NamedPlace,
    *,
    form: InviteForm | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    settings: Settings = request.app.state.settings
    _ = speak(request)
    facts = people_facts(session, acting, place.place, _, settings=settings, form=form, errors=errors)
    return page(
        request,
        "organisation/place.html",
        status=NEEDS_INPUT if errors else 200,
        place=place,
        here=f"{PEOPLE}/{place.path}",
        done=done,
        **facts,
    )
