"""Who keeps the cards of a card system, for the pages about them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends

from server.cardsystems.models import CardSystem
from server.counters.reach import own_system
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/kaarten"

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_CARDS))]
system_with_cards = own_system(Permission.MANAGE_CARDS)
OwnSystem = Annotated[CardSystem, Depends(system_with_cards)]
