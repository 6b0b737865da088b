"""The card systems: those there are, a new one, what can change of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.form import CardSystemForm, form_of, known_systems_left, read_form
from server.cardsystems.models import CardSystem
from server.cardsystems.rotation import begin_rotation, rotation_of
from server.cardsystems.setup import change_card_system, create_card_system
from server.counters.reach import system_in_reach, systems_in_reach
from server.events.rejudging import rejudge_events
from server.feed.changes import kiosks_changed
from server.kernel.database import RequestSession
from server.kiosks.standing import kiosks_with
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/instellingen/kaartsystemen"

router = APIRouter(prefix=HERE, include_in_schema=False)

Maker = Annotated[Acting, Depends(Requires(Permission.MAKE_CARD_SYSTEMS))]
Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_CARD_SYSTEMS))]
Filled = Annotated[CardSystemForm, Form()]


@router.get("")
def show_systems(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show the card systems this person looks after."""
    return page(
        request,
        "cardsystems/list.html",
        systems=systems_in_reach(session, acting),
        may_make=acting.may(Permission.MAKE_CARD_SYSTEMS),
    )


@router.get("/nieuw")
def show_new(request: Request, session: RequestSession, _acting: Maker, bekend: str = "") -> Response:
    """Show the form, filled in when a known card system was picked."""
    picked = next((one for one in known_systems_left(session) if str(one.id) == bekend), None)
    return _new_page(request, session, form_of(picked), {}, picked=bekend if picked else "")


@router.post("/nieuw")
def add_system(request: Request, session: RequestSession, acting: Maker, form: Filled) -> Response:
    """Make a card system and go to its page."""
    wanted, errors = read_form(session, form, speak(request))
    if wanted is None:
        return _new_page(request, session, form, errors)
    create_card_system(
        session,
        wanted.id,
        wanted.name,
        labels=wanted.labels,
        prefixes=wanted.prefixes,
        permanent=wanted.permanent,
        staff_id=acting.staff_id,
    )
    rejudge_events(session)
    return RedirectResponse(f"{HERE}/{wanted.id}?gelukt=gemaakt", 303)


@router.get("/{system_id}")
def show_system(
    request: Request, session: RequestSession, acting: Keeper, system_id: int, gelukt: str = ""
) -> Response:
    """Show one card system and its form."""
    system = system_in_reach(session, acting, system_id)
    return _page(request, session, system, form_of(system), {}, done=gelukt)


@router.post("/{system_id}/sleutel")
def renew_key(
    session: RequestSession, acting: Keeper, system_id: int, sure: Annotated[str, Form()] = ""
) -> Response:
    """Begin with another token key, when the box that says so is ticked."""
    system = system_in_reach(session, acting, system_id)
    if sure == "yes":
        begin_rotation(session, system, staff_id=acting.staff_id)
    return RedirectResponse(f"{HERE}/{system.id}", 303)


@router.post("/{system_id}")
def save_system(
    request: Request, session: RequestSession, acting: Keeper, system_id: int, form: Filled
) -> Response:
    """Change a card system. Its zuilen are told its name; its labels decide which events it has."""
    system = system_in_reach(session, acting, system_id)
    wanted, errors = read_form(session, form, speak(request), present=system)
    if wanted is None:
        return _page(request, session, system, form, errors)
    changed = change_card_system(
        session,
        system,
        wanted.name,
        labels=wanted.labels,
        prefixes=wanted.prefixes,
        permanent=wanted.permanent,
        staff_id=acting.staff_id,
    )
    if changed:
        rejudge_events(session)
        if kiosks := kiosks_with(session, system.id):
            kiosks_changed(session, kiosks)
    return RedirectResponse(f"{HERE}/{system.id}?gelukt={'bewaard' if changed else 'hetzelfde'}", 303)


def _new_page(
    request: Request, session: Session, form: CardSystemForm, errors: Mapping[str, str], picked: str = ""
) -> Response:
    return page(
        request,
        "cardsystems/new.html",
        status=NEEDS_INPUT if errors else 200,
        form=form,
        errors=errors,
        known=known_systems_left(session),
        picked=picked,
    )


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: CardSystemForm,
    errors: Mapping[str, str],
    *,
    done: str = "",
) -> Response:
    status = NEEDS_INPUT if errors else 200
    return page(
        request,
        "cardsystems/system.html",
        status=status,
        system=system,
        rotation=rotation_of(session, system),
        form=form,
        errors=errors,
        done=done,
    )
