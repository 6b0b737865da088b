"""Who keeps the cards of a card system, for the pages about them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends

from server.cardsystems.models import CardSystem
from server.counters.reach import system_in_reach
from server.kernel.database import RequestSession
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/kaarten"

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_CARDS))]


def own_system(session: RequestSession, acting: Keeper, system_id: int) -> CardSystem:
    """Return the card system of the address, if this person looks after it."""
    return system_in_reach(session, acting, system_id)


OwnSystem = Annotated[CardSystem, Depends(own_system)]
