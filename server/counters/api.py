"""`organizers` of the JSON API (json-api 4): the counters that are an organiser in UiTdatabank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from sqlmodel import Session, col, func, select

from server.api.callers import ByToken
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page
from server.cardsystems.messages import CardSystemMessage, card_system_message
from server.cardsystems.models import CardSystem, PermissionGroup
from server.counters.messages import OrganizerMessage, organizer_message
from server.counters.models import Counter, CounterCardSystem, CounterGroup
from server.kernel.database import RequestSession

_ESCAPE: Final = "\\"

router = Operations()


@router.get("/organizers")
def list_organizers(
    session: RequestSession,
    caller: ByToken,
    asked: AskedPage,
    *,
    group_id: Annotated[int | None, Query(alias="groupId")] = None,
    name: str = "",
    card_system_id: Annotated[int | None, Query(alias="cardSystemId")] = None,
    order: Annotated[Literal["asc", "desc"], Query(alias="sort[name]")] = "asc",
) -> Page[OrganizerMessage]:
    """Return the organisers the caller may search for, by name."""
    caller.require(ApiPermission.ORGANIZERS_SEARCH)
    _check(session, group_id, card_system_id)
    query = select(Counter).where(
        col(Counter.id).in_(_firsts(caller.organizers(ApiPermission.ORGANIZERS_SEARCH)))
    )
    if name:
        query = query.where(func.lower(col(Counter.name)).like(_pattern(name), escape=_ESCAPE))
    if group_id is not None:
        inside = select(CounterGroup.counter_id).where(CounterGroup.group_id == group_id)
        query = query.where(col(Counter.id).in_(inside))
    if card_system_id is not None:
        own = select(CounterCardSystem.counter_id).where(CounterCardSystem.card_system_id == card_system_id)
        query = query.where(col(Counter.id).in_(own))
    by_name = func.lower(col(Counter.name))
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    ordered = query.order_by(by_name.desc() if order == "desc" else by_name, col(Counter.id))
    counters = session.exec(ordered.offset(asked.start).limit(asked.limit)).all()
    return Page(total_items=total, member=_messages(session, counters))


@router.get("/organizers/{organizer_id}")
def show_organizer(session: RequestSession, caller: ByToken, organizer_id: str) -> OrganizerMessage:
    """Return one organiser."""
    caller.require(ApiPermission.ORGANIZERS_SEARCH)
    query = select(Counter).where(Counter.organizer_id == organizer_id).order_by(col(Counter.id))
    counter = session.exec(query).first()
    if counter is None:
        raise ApiError(Prob.ORGANIZER_NOT_FOUND)
    caller.require(ApiPermission.ORGANIZERS_SEARCH, organizer=organizer_id)
    return _messages(session, [counter])[0]


def _check(session: Session, group_id: int | None, card_system_id: int | None) -> None:
    if group_id is not None and session.get(PermissionGroup, group_id) is None:
        raise ApiError(Prob.GROUP_NOT_FOUND)
    if card_system_id is not None and session.get(CardSystem, card_system_id) is None:
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND)


def _firsts(organizers: Collection[str]) -> Any:  # noqa: ANN401 - a subquery, whose type SQLAlchemy keeps to itself
    """Return what finds one counter of each organiser: the first that was made."""
    query = select(func.min(Counter.id)).where(col(Counter.organizer_id).in_(organizers))
    return query.group_by(col(Counter.organizer_id))


def _pattern(name: str) -> str:
    """Return what a name is compared with; `*` stands for anything."""
    text = name.strip().lower().replace(_ESCAPE, _ESCAPE * 2).replace("%", r"\%").replace("_", r"\_")
    return text.replace("*", "%")


def _messages(session: Session, counters: Sequence[Counter]) -> list[OrganizerMessage]:
    query = (
        select(CounterCardSystem.counter_id, CardSystem)
        .join(CardSystem, col(CardSystem.id) == col(CounterCardSystem.card_system_id))
        .where(col(CounterCardSystem.counter_id).in_([one.id for one in counters]))
        .order_by(col(CardSystem.id))
    )
    systems: defaultdict[int, list[CardSystemMessage]] = defaultdict(list)
    for counter_id, system in session.exec(query):
        systems[counter_id].append(card_system_message(system))
    return [
        organizer_message(one).model_copy(update={"card_systems": systems[one.id or 0]}) for one in counters
    ]
