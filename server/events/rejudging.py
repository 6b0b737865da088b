"""Events that are here already, judged again when card systems or counters change.

The next import reads every document anew; this is for the time until then, so that someone who
sets up his organisation sees his events at once. What only a document tells (the labels of the
organiser) is left to the import.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import delete, select
from sqlmodel import Session, col

from server.cardsystems.labels import systems_of_labels
from server.events.models import Event, EventCardSystem
from server.events.repository import kiosks_of_events
from server.events.surroundings import Surroundings, read_surroundings
from server.events.udb3 import EventStatus
from server.feed.changes import kiosks_changed

_OPEN: frozenset[str] = frozenset({EventStatus.AVAILABLE, EventStatus.NO_UITPAS})


def rejudge_events(session: Session, organizer_id: str | None = None) -> int:
    """Give events the card systems they have by now; return how many changed.

    organizer_id: only this organiser's; None: everyone's.
    """
    session.flush()
    surroundings = read_surroundings(session)
    query = select(Event).where(col(Event.status).in_(_OPEN))
    if organizer_id is not None:
        query = query.where(col(Event.organizer_id) == organizer_id)
    held = _held(session, organizer_id)
    changed: list[str] = []
    for event in session.scalars(query):
        before = held[event.id]
        after = _systems(event, frozenset(before), surroundings)
        if after != before:
            _put(session, event, after)
            changed.append(event.id)
    if kiosks := kiosks_of_events(session, changed):
        kiosks_changed(session, kiosks)
    return len(changed)


def _systems(event: Event, before: frozenset[int], surroundings: Surroundings) -> frozenset[int]:
    labelled = systems_of_labels(event.labels, surroundings.labels)
    if labelled.switched_off or labelled.systems:
        return labelled.systems
    if before or event.organizer_id is None or event.price_cents is None:
        return before
    return surroundings.organizers.get(event.organizer_id, frozenset())


def _put(session: Session, event: Event, systems: frozenset[int]) -> None:
    session.execute(delete(EventCardSystem).where(col(EventCardSystem.event_id) == event.id))
    session.add_all([EventCardSystem(event_id=event.id, card_system_id=system) for system in systems])
    event.status = EventStatus.AVAILABLE if systems else EventStatus.NO_UITPAS


def _held(session: Session, organizer_id: str | None) -> dict[str, set[int]]:
    query = select(col(EventCardSystem.event_id), col(EventCardSystem.card_system_id))
    if organizer_id is not None:
        query = query.join(Event, col(Event.id) == col(EventCardSystem.event_id)).where(
            col(Event.organizer_id) == organizer_id
        )
    held: dict[str, set[int]] = defaultdict(set)
    for event_id, system in session.execute(query):
        held[event_id].add(system)
    return held
