"""Who works where: see them, invite one, remove one. And what still has to be set up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from pydantic import BaseModel
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.organisation.membership import (
    Deed,
    LastAdminError,
    Member,
    add_member,
    grantable,
    members,
    remove_member,
)
from server.organisation.people import LONGEST_NAME, is_email
from server.organisation.places import NamedPlace, find_member, find_place, places_in_reach
from server.organisation.steps import steps_of
from server.staff.access import Requires
from server.staff.roles import Permission, Role
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.templating import page
from server.web.words import role_word

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


class InviteForm(BaseModel):
    """What was typed to invite someone."""

    name: str = ""
    email: str = ""
    role: str = ""


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
    errors = _errors(form, grantable(acting.post, place.place), speak(request))
    if errors:
        return _page(request, session, acting, place, form=form, errors=errors)
    name, email = " ".join(form.name.split()), form.email.strip()
    is_new = add_member(session, place.place, Role(form.role), name, Deed(acting.staff_id), email=email)
    return RedirectResponse(f"{PEOPLE}/{place.path}?gelukt={'uitgenodigd' if is_new else 'had'}", 303)


@router.post("/mensen/{kind}/{place_id}/verwijderen")
def remove(
    request: Request,
    session: RequestSession,
    acting: Inviter,
    place: Annotated[NamedPlace, Depends(place_asked)],
    role_id: Annotated[int, Form()],
) -> Response:
    """Take someone's function here away; his sessions end at once."""
    member = find_member(session, place.place, role_id)
    if member is None or member.role not in grantable(acting.post, place.place):
        raise ProblemError(404, "This person does not work here.", type="zuil:member")
    try:
        remove_member(session, place.place, member, Deed(acting.staff_id))
    except LastAdminError:
        _ = speak(request)
        sentence = _("Dit is de laatste algemene beheerder. Voeg eerst een andere toe.")
        return _page(request, session, acting, place, errors={"": sentence})
    if member.staff_id == acting.staff_id:
        return RedirectResponse("/", 303)
    return RedirectResponse(f"{PEOPLE}/{place.path}?gelukt=verwijderd", 303)


def _errors(form: InviteForm, roles: tuple[Role, ...], _: Translator) -> dict[str, str]:
    errors = {}
    if not 0 < len(" ".join(form.name.split())) <= LONGEST_NAME:
        errors["name"] = _("Geef de naam van deze persoon, hoogstens {n} tekens.", n=LONGEST_NAME)
    if not is_email(form.email.strip()):
        errors["email"] = _("Dit is geen e-mailadres. Het lijkt op naam@voorbeeld.be.")
    if form.role not in roles:
        errors["role"] = _("Kies een functie uit de lijst.")
    return errors


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    place: NamedPlace,
    *,
    form: InviteForm | None = None,
    errors: Mapping[str, str] | None = None,
    done: str = "",
) -> Response:
    _ = speak(request)
    roles = grantable(acting.post, place.place)
    found: list[tuple[Member, str]] = [
        (member, role_word(_, member.role)) for member in members(session, place.place)
    ]
    return page(
        request,
        "organisation/place.html",
        status=NEEDS_INPUT if errors else 200,
        place=place,
        members=found,
        roles=[(role.value, role_word(_, role)) for role in roles],
        form=form or InviteForm(),
        errors=errors or {},
        done=done,
    )
