"""The permission groups of a card system: those there are, a new one, what can change of one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session, col, func, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.cardsystems.groups import (
    change_group,
    create_group,
    facts_of,
    groups_of,
    remove_group,
)
from server.cardsystems.models import CardSystem, PermissionGroup
from server.counters.groupform import GroupForm, form_of, read_form, right_words
from server.counters.models import Counter, CounterGroup
from server.counters.reach import own_system
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/instellingen/kaartsystemen/{system_id}/groepen"

router = APIRouter(prefix=HERE, include_in_schema=False)

Reader = Annotated[Acting, Depends(Requires(Permission.MANAGE_COUNTERS))]
Keeper = Annotated[Acting, Depends(Requires(Permission.SET_COUNTER_GROUPS))]
Filled = Annotated[GroupForm, Form()]
OwnSystem = Annotated[CardSystem, Depends(own_system(Permission.MANAGE_COUNTERS))]


def _own_group(session: RequestSession, system: OwnSystem, group_id: int) -> PermissionGroup:
    group = session.get(PermissionGroup, group_id)
    if group is None or group.card_system_id != system.id:
        raise ProblemError(404, "This card system has no such group.", type="zuil:place")
    return group


@router.get("")
def show_groups(request: Request, session: RequestSession, acting: Reader, system: OwnSystem) -> Response:
    """Show the groups of a card system, and how many counters are in each."""
    return page(
        request,
        "counters/groups.html",
        system=system,
        groups=groups_of(session, [system.id]),
        sizes=_sizes(session, system.id),
        words=right_words(speak(request)),
        may_set=acting.may(Permission.SET_COUNTER_GROUPS),
    )


@router.get("/nieuw")
def show_new(request: Request, session: RequestSession, _acting: Keeper, system: OwnSystem) -> Response:
    """Show an empty form."""
    return _page(request, session, system, GroupForm())


@router.post("/nieuw")
def add_group(
    request: Request, session: RequestSession, acting: Keeper, system: OwnSystem, form: Filled
) -> Response:
    """Make a group and go back to the list."""
    groups = groups_of(session, [system.id])
    facts, errors = read_form(form, groups, speak(request), must_be_default=not groups)
    if facts is None:
        return _page(request, session, system, form, errors=errors)
    create_group(session, system.id, facts, staff_id=acting.staff_id)
    return RedirectResponse(HERE.format(system_id=system.id), 303)


@router.get("/{group_id}")
def show_group(
    request: Request,
    session: RequestSession,
    _acting: Keeper,
    *,
    system: OwnSystem,
    group: Annotated[PermissionGroup, Depends(_own_group)],
    gelukt: str = "",
) -> Response:
    """Show one group and its form."""
    return _page(request, session, system, form_of(facts_of(group)), group=group, done=gelukt)


@router.post("/{group_id}")
def save_group(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    group: Annotated[PermissionGroup, Depends(_own_group)],
    form: Filled,
) -> Response:
    """Change a group: its counters may do other things from now on."""
    others = [one for one in groups_of(session, [system.id]) if one.id != group.id]
    facts, errors = read_form(form, others, speak(request), must_be_default=group.is_default)
    if facts is None:
        return _page(request, session, system, form, group=group, errors=errors)
    done = "bewaard" if change_group(session, group, facts, staff_id=acting.staff_id) else "hetzelfde"
    return RedirectResponse(f"{HERE.format(system_id=system.id)}/{group.id}?gelukt={done}", 303)


@router.post("/{group_id}/weg")
def drop_group(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    group: Annotated[PermissionGroup, Depends(_own_group)],
) -> Response:
    """Remove a group that no counter is in."""
    if group.is_default or _counters(session, group):
        _ = speak(request)
        sentence = (
            _("Dit is de standaardgroep. Maak eerst een andere groep de standaardgroep.")
            if group.is_default
            else _("Er zitten nog balies in deze groep. Haal ze er eerst uit.")
        )
        form, errors = form_of(facts_of(group)), {"group": sentence}
        return _page(request, session, system, form, group=group, errors=errors)
    remove_group(session, group, staff_id=acting.staff_id)
    return RedirectResponse(HERE.format(system_id=system.id), 303)


def _page(
    request: Request,
    session: Session,
    system: CardSystem,
    form: GroupForm,
    *,
    group: PermissionGroup | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    return page(
        request,
        "counters/group.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        group=group,
        form=form,
        errors=errors,
        done=done,
        words=right_words(speak(request)),
        counters=_counters(session, group),
    )


def _counters(session: Session, group: PermissionGroup | None) -> list[Counter]:
    if group is None:
        return []
    query = (
        select(Counter)
        .join(CounterGroup, col(CounterGroup.counter_id) == col(Counter.id))
        .where(CounterGroup.group_id == group.id)
        .order_by(col(Counter.name))
    )
    return list(session.exec(query))


def _sizes(session: Session, system: int) -> dict[int, int]:
    query = (
        select(CounterGroup.group_id, func.count())
        .join(PermissionGroup, col(PermissionGroup.id) == col(CounterGroup.group_id))
        .where(PermissionGroup.card_system_id == system)
        .group_by(col(CounterGroup.group_id))
    )
    return dict(session.exec(query).all())
