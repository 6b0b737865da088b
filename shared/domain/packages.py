"""Packages of cards, and what a card can become (rules 6.8, 6.9c)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from shared.domain.checkin import CardState
from shared.domain.numbers import UITPAS_DIGITS

PACKAGE_SIZE: Final = 50
_COUNTED_DIGITS: Final = UITPAS_DIGITS - 2
"""All but the kansen digit and the check digit."""

NEXT: Final[Mapping[CardState, frozenset[CardState]]] = MappingProxyType(
    {
        CardState.PROVISIONED: frozenset({CardState.STOCK, CardState.DELETED}),
        CardState.STOCK: frozenset({CardState.SENT_TO_BALIE, CardState.DELETED}),
        CardState.SENT_TO_BALIE: frozenset({CardState.LOCAL_STOCK, CardState.STOCK}),
        CardState.LOCAL_STOCK: frozenset({CardState.ACTIVE, CardState.STOCK}),
        CardState.ACTIVE: frozenset({CardState.BLOCKED}),
        CardState.BLOCKED: frozenset({CardState.ACTIVE}),
        CardState.DELETED: frozenset(),
    }
)
"""What a card can become next. Who comes back from blocked does so by the KSB alone."""


def before(state: CardState) -> frozenset[CardState]:
    """Return from what a card can become `state`."""
    return frozenset(one for one, following in NEXT.items() if state in following)


def packs_of(count: int) -> tuple[int, int]:
    """Return how many full packages an order makes, and how many cards are left for a last one (6.9c)."""
    return divmod(count, PACKAGE_SIZE)


def package_of(uitpas_number: str, order_start: int = 0) -> int:
    """Return the first place of the package that a number is in.

    A place is the number without kansen and check digit. Suppliers pack an order from its start, whose
    place is `order_start`; what nobody ordered is packed from a round fifty on.
    """
    place = place_of(uitpas_number)
    return place - (place - order_start) % PACKAGE_SIZE


def place_of(uitpas_number: str) -> int:
    """Return the first eleven digits of a number."""
    return int(uitpas_number[:_COUNTED_DIGITS])
