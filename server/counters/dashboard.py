"""The counters: those there are, a new one, what can change of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.groups import groups_of
from server.cardsystems.models import CardSystem, PermissionGroup
from server.counters.form import (
    MOST_OFFERED,
    CounterForm,
    form_of,
    known_organizers,
    known_places,
    read_form,
)
from server.counters.models import Counter
from server.counters.reach import card_systems_of, counters_in_reach, systems_in_reach
from server.counters.setup import CounterFacts, change_counter, create_counter, facts_of
from server.events.rejudging import rejudge_events
from server.feed.changes import kiosks_changed
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.standing import kiosks_at
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/instellingen/balies"

router = APIRouter(prefix=HERE, include_in_schema=False)

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_COUNTERS))]
Filled = Annotated[CounterForm, Form()]


@router.get("")
def show_counters(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show the counters this person looks after."""
    names = {system.id: system.name for system in systems_in_reach(session, acting)}
    counters = [
        (counter, [names[one] for one in sorted(card_systems_of(session, counter.id or 0)) if one in names])
        for counter in counters_in_reach(session, acting)
    ]
    return page(request, "counters/list.html", counters=counters, has_systems=bool(names))


@router.get("/nieuw")
def show_new(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show an empty form; the only card system there is, is chosen already."""
    systems = systems_in_reach(session, acting)
    chosen = [systems[0].id] if len(systems) == 1 else []
    return _form_page(request, session, acting, CounterForm(system=chosen), {})


@router.post("/nieuw")
def add_counter(request: Request, session: RequestSession, acting: Keeper, form: Filled) -> Response:
    """Make a counter and go to its page."""
    facts, errors = read_form(session, form, speak(request), in_reach=_reach(session, acting))
    if facts is None:
        return _form_page(request, session, acting, form, errors)
    counter_id = create_counter(session, facts, staff_id=acting.staff_id)
    _follow(session, counter_id, facts)
    return RedirectResponse(f"{HERE}/{counter_id}?gelukt=gemaakt", 303)


@router.get("/{counter_id}")
def show_counter(
    request: Request, session: RequestSession, acting: Keeper, counter_id: int, gelukt: str = ""
) -> Response:
    """Show one counter and its form."""
    counter = _counter(session, acting, counter_id)
    form = form_of(session, facts_of(session, counter))
    return _form_page(request, session, acting, form, {}, counter=counter, done=gelukt)


@router.post("/{counter_id}")
def save_counter(
    request: Request, session: RequestSession, acting: Keeper, counter_id: int, form: Filled
) -> Response:
    """Change a counter; its zuilen get other events and cards."""
    counter = _counter(session, acting, counter_id)
    present = (counter, facts_of(session, counter))
    facts, errors = read_form(
        session, form, speak(request), in_reach=_reach(session, acting), present=present
    )
    if facts is None:
        return _form_page(request, session, acting, form, errors, counter=counter)
    changed = change_counter(session, counter, facts, staff_id=acting.staff_id)
    if changed:
        _follow(session, counter_id, facts)
    return RedirectResponse(f"{HERE}/{counter_id}?gelukt={'bewaard' if changed else 'hetzelfde'}", 303)


def _follow(session: Session, counter_id: int, facts: CounterFacts) -> None:
    if facts.organizer_id is not None:
        rejudge_events(session, facts.organizer_id)
    if kiosks := kiosks_at(session, [counter_id]):
        kiosks_changed(session, kiosks)


def _form_page(
    request: Request,
    session: Session,
    acting: Acting,
    form: CounterForm,
    errors: Mapping[str, str],
    *,
    counter: Counter | None = None,
    done: str = "",
) -> Response:
    systems = systems_in_reach(session, acting)
    return page(
        request,
        "counters/counter.html",
        status=NEEDS_INPUT if errors else 200,
        counter=counter,
        form=form,
        errors=errors,
        done=done,
        systems=systems,
        groups=_groups(session, systems, form),
        parents=[
            (0, speak(request)("geen")),
            *((one.id, one.name) for one in counters_in_reach(session, acting) if one is not counter),
        ],
        organizers=known_organizers(session)[:MOST_OFFERED],
        places=known_places(session)[:MOST_OFFERED],
    )


def _groups(
    session: Session, systems: Sequence[CardSystem], form: CounterForm
) -> list[tuple[CardSystem, list[PermissionGroup]]]:
    """Return the groups to choose from: those of the card systems that are ticked."""
    found = groups_of(session, form.system)
    return [
        (system, [group for group in found if group.card_system_id == system.id])
        for system in systems
        if system.id in form.system
    ]


def _counter(session: Session, acting: Acting, counter_id: int) -> Counter:
    for counter in counters_in_reach(session, acting):
        if counter.id == counter_id:
            return counter
    raise ProblemError(404, "You do not look after this counter.", type="zuil:place")


def _reach(session: Session, acting: Acting) -> frozenset[int]:
    return frozenset(system.id for system in systems_in_reach(session, acting))
