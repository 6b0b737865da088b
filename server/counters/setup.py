"""Make and change counters (rules 2.1, 2.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import delete
from sqlmodel import Session, col

from server.counters.models import Counter, CounterCardSystem, CounterLink
from server.counters.reach import card_systems_of
from server.counters.rights import group_ids_of, put_groups
from server.kernel.audit import record


@dataclass(frozen=True)
class CounterFacts:
    """What a counter is: its name, its ids in UiTdatabank, the ids of its card systems and of its groups.

    groups: of a card system without one, the default group is meant. address: street, postcode and city.
    parent: the counter it belongs to.
    """

    name: str
    organizer_id: str | None
    place_id: str | None
    systems: frozenset[int]
    groups: frozenset[int] = frozenset()
    address: tuple[str, str, str] = ("", "", "")
    parent: int | None = None


def create_counter(session: Session, facts: CounterFacts, *, staff_id: int | None = None) -> int:
    """Make a counter; return its id."""
    counter = Counter(name=facts.name)
    _put_names(counter, facts)
    session.add(counter)
    session.flush()
    counter_id = counter.id or 0
    _put_parent(session, counter_id, facts.parent)
    groups = _put_systems(session, counter_id, facts)
    made = replace(facts, groups=groups)
    record(session, "create", "counter", counter_id, staff_id=staff_id, detail=_plain(made))
    return counter_id


def change_counter(session: Session, counter: Counter, facts: CounterFacts, *, staff_id: int) -> bool:
    """Change a counter; False when nothing is different."""
    before = facts_of(session, counter)
    if before == facts:
        return False
    _put_names(counter, facts)
    _put_parent(session, counter.id or 0, facts.parent)
    after = replace(facts, groups=_put_systems(session, counter.id or 0, facts))
    if before == after:
        return False
    detail = {"before": _plain(before), "after": _plain(after)}
    record(session, "change", "counter", counter.id, staff_id=staff_id, detail=detail)
    return True


def facts_of(session: Session, counter: Counter) -> CounterFacts:
    """Return what a counter is now."""
    systems = frozenset(card_systems_of(session, counter.id or 0))
    groups = group_ids_of(session, counter.id or 0)
    link = session.get(CounterLink, counter.id)
    return CounterFacts(
        counter.name,
        counter.organizer_id,
        counter.place_id,
        systems,
        groups,
        (counter.street, counter.postcode, counter.city),
        link.parent_id if link else None,
    )


def _put_names(counter: Counter, facts: CounterFacts) -> None:
    counter.name, counter.organizer_id, counter.place_id = facts.name, facts.organizer_id, facts.place_id
    counter.street, counter.postcode, counter.city = facts.address


def _put_parent(session: Session, counter_id: int, parent: int | None) -> None:
    session.execute(delete(CounterLink).where(col(CounterLink.counter_id) == counter_id))
    if parent is not None:
        session.add(CounterLink(counter_id=counter_id, parent_id=parent))


def _put_systems(session: Session, counter_id: int, facts: CounterFacts) -> frozenset[int]:
    """Put a counter in card systems and groups; return the groups it is in."""
    session.execute(delete(CounterCardSystem).where(col(CounterCardSystem.counter_id) == counter_id))
    session.add_all(
        [CounterCardSystem(counter_id=counter_id, card_system_id=system) for system in sorted(facts.systems)]
    )
    return put_groups(session, counter_id, facts.systems, facts.groups)


def _plain(facts: CounterFacts) -> dict[str, object]:
    return {
        "name": facts.name,
        "organizer": facts.organizer_id,
        "place": facts.place_id,
        "card_systems": sorted(facts.systems),
        "groups": sorted(facts.groups),
        "address": " ".join(filter(None, facts.address)),
        "parent": facts.parent,
    }
