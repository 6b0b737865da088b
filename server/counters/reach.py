"""What someone may look after: everything, or what belongs to his card system (rules 1.5)."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Depends
from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.counters.models import Counter, CounterCardSystem
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting


def systems_in_reach(session: Session, acting: Acting) -> list[CardSystem]:
    """Return the card systems by name."""
    query = select(CardSystem).order_by(col(CardSystem.name))
    if acting.card_system_id is not None:
        query = query.where(CardSystem.id == acting.card_system_id)
    return list(session.exec(query))


def system_in_reach(session: Session, acting: Acting, system_id: int) -> CardSystem:
    """Return a card system.

    Raises:
        ProblemError: 404: there is none, or someone else looks after it.
    """
    if acting.card_system_id in (None, system_id) and (system := session.get(CardSystem, system_id)):
        return system
    raise ProblemError(404, "You do not look after this card system.", type="zuil:place")


def own_system(permission: Permission) -> Callable[..., CardSystem]:
    """Return a dependency: the card system of the address (`system_id`), for who has a permission in it."""

    def find(
        session: RequestSession, *, acting: Acting = Depends(Requires(permission)), system_id: int
    ) -> CardSystem:
        return system_in_reach(session, acting, system_id)

    return find


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
