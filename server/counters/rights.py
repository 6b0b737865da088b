"""What a counter may do in a card system: what the groups it is in allow (rules 2.3-2.6)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.cardsystems.groups import default_groups, groups_of
from server.cardsystems.models import PermissionGroup
from server.cardsystems.rights import CounterRight, with_implied
from server.counters.models import Counter, CounterGroup


def rights_of(session: Session, counter_id: int) -> dict[int, frozenset[CounterRight]]:
    """Return card system -> what this counter may do there; a system without rights is left out."""
    query = (
        select(PermissionGroup.card_system_id, PermissionGroup.rights)
        .join(CounterGroup, col(CounterGroup.group_id) == col(PermissionGroup.id))
        .where(CounterGroup.counter_id == counter_id)
    )
    found: dict[int, frozenset[CounterRight]] = {}
    for system, rights in session.exec(query):
        if rights:
            found[system] = found.get(system, frozenset()) | with_implied(map(CounterRight, rights))
    return found


def counters_with(session: Session, system: int, right: CounterRight) -> list[Counter]:
    """Return the counters that have a right in a card system, by name."""
    groups = [
        group.id
        for group in groups_of(session, [system])
        if right in with_implied(map(CounterRight, group.rights))
    ]
    inside = select(CounterGroup.counter_id).where(col(CounterGroup.group_id).in_(groups))
    return list(session.exec(select(Counter).where(col(Counter.id).in_(inside)).order_by(col(Counter.name))))


def may(session: Session, counter_id: int, right: CounterRight, system: int | None = None) -> bool:
    """Tell whether a counter has a right in a card system; None: in any of its card systems."""
    rights = rights_of(session, counter_id)
    asked = rights.values() if system is None else [rights.get(system, frozenset())]
    return any(right in own for own in asked)


def group_ids_of(session: Session, counter_id: int) -> frozenset[int]:
    """Return the ids of the groups a counter is in."""
    query = select(CounterGroup.group_id).where(CounterGroup.counter_id == counter_id)
    return frozenset(session.exec(query))


def put_groups(
    session: Session, counter_id: int, systems: Iterable[int], chosen: Iterable[int]
) -> frozenset[int]:
    """Put a counter in the chosen groups of its card systems; return the groups it is in now.

    In a card system of which none was chosen it joins the default group: it is in at least one.
    """
    own, wanted = set(systems), set(chosen)
    groups = {group.id or 0: group.card_system_id for group in groups_of(session, own)}
    joined = wanted & groups.keys()
    lacking = own - {groups[group] for group in joined}
    joined |= set(default_groups(session, lacking).values())
    session.execute(delete(CounterGroup).where(col(CounterGroup.counter_id) == counter_id))
    session.add_all([CounterGroup(counter_id=counter_id, group_id=group) for group in sorted(joined)])
    session.flush()
    return frozenset(joined)
