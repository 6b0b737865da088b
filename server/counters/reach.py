"""What someone may look after: everything, or what belongs to his card system (rules 1.5)."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.counters.models import Counter, CounterCardSystem
from server.staff.sessions import Acting


def systems_in_reach(session: Session, acting: Acting) -> list[CardSystem]:
    """Return the card systems by name."""
    query = select(CardSystem).order_by(col(CardSystem.name))
    if acting.card_system_id is not None:
        query = query.where(CardSystem.id == acting.card_system_id)
    return list(session.exec(query))


def counters_in_reach(session: Session, acting: Acting) -> list[Counter]:
    """Return the counters by name."""
    query = select(Counter).order_by(col(Counter.name))
    if acting.card_system_id is not None:
        inside = select(CounterCardSystem.counter_id).where(
            CounterCardSystem.card_system_id == acting.card_system_id
        )
        query = query.where(col(Counter.id).in_(inside))
    return list(session.exec(query))


def card_systems_of(session: Session, counter_id: int) -> set[int]:
    """Return the ids of the card systems a counter belongs to."""
    query = select(CounterCardSystem.card_system_id).where(CounterCardSystem.counter_id == counter_id)
    return set(session.exec(query))
