"""The chosen counter at work: where it may do what, and whom it may see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Depends
from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.cardsystems.rights import CounterRight
from server.counters.reach import card_systems_of
from server.counters.rights import rights_of
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.registration.facts import Desk
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting

Helper = Annotated[Acting, Depends(Requires(Permission.SERVE_PASSHOLDERS))]


def desks_of(session: RequestSession, acting: Helper) -> dict[int, Desk]:
    """Return card system -> the chosen counter at work there."""
    if acting.counter_id is None:
        raise ProblemError(403, "Choose a counter first.", type="zuil:counter")
    rights = rights_of(session, acting.counter_id)
    return {
        system: Desk(acting.counter_id, system, rights.get(system, frozenset()), acting.staff_id)
        for system in sorted(card_systems_of(session, acting.counter_id))
    }


Desks = Annotated[dict[int, Desk], Depends(desks_of)]


def desk_at(desks: Mapping[int, Desk], system: int) -> Desk:
    """Return the counter at work in a card system.

    Raises:
        ProblemError: 404, it does not belong to it.
    """
    if system not in desks:
        raise ProblemError(404, "Your counter does not belong to this card system.", type="zuil:place")
    return desks[system]


def registering(desks: Mapping[int, Desk]) -> dict[int, Desk]:
    """Return the card systems in which the counter registers."""
    return {system: desk for system, desk in desks.items() if CounterRight.REGISTER in desk.rights}


def system_names(session: Session, systems: list[int]) -> dict[int, str]:
    """Return id -> name of card systems."""
    query = select(CardSystem.id, CardSystem.name).where(col(CardSystem.id).in_(systems))
    return dict(session.exec(query.order_by(col(CardSystem.name))).all())
