"""What counters may do, and the groups in which a card system hands it out (rules 2.3-2.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple


class CounterRight(StrEnum):
    """One thing a counter may do in a card system."""

    CHECK_IN = "check-in"
    GIVE_REWARDS = "give-rewards"
    SELL_TICKETS = "sell-tickets"
    REGISTER = "register"
    GRANT_SOCIAL_TARIFF = "grant-social-tariff"
    REGISTER_WITHOUT_INSZ = "register-without-insz"
    REGISTER_ELSEWHERE = "register-elsewhere"
    REGISTER_ABROAD = "register-abroad"


IMPLIED: Final[Mapping[CounterRight, frozenset[CounterRight]]] = MappingProxyType(
    {
        CounterRight.GRANT_SOCIAL_TARIFF: frozenset({CounterRight.REGISTER}),
        CounterRight.REGISTER_WITHOUT_INSZ: frozenset({CounterRight.REGISTER}),
    }
)
"""What comes with a right: who grants the kansenstatuut also registers (rules 2.5)."""


def with_implied(rights: Iterable[CounterRight]) -> frozenset[CounterRight]:
    """Return rights and all that comes with them."""
    own = frozenset(rights)
    return own.union(*(IMPLIED.get(right, frozenset()) for right in own))


class StandardGroup(NamedTuple):
    """A group that every card system begins with."""

    name: str
    rights: frozenset[CounterRight]
    is_default: bool = False
    is_school: bool = False


STANDARD_GROUPS: Final = (
    StandardGroup(
        "Checkin and Ticket balies",
        frozenset({CounterRight.CHECK_IN, CounterRight.GIVE_REWARDS, CounterRight.SELL_TICKETS}),
        is_default=True,
    ),
    StandardGroup("Niet-geauthorizeerde registratie balies", frozenset({CounterRight.REGISTER})),
    StandardGroup(
        "Geauthorizeerde registratie balies",
        frozenset({CounterRight.GRANT_SOCIAL_TARIFF, CounterRight.REGISTER_WITHOUT_INSZ}),
    ),
    StandardGroup("Mag pashouders andere gemeentes aanmaken", frozenset({CounterRight.REGISTER_ELSEWHERE})),
    StandardGroup("Mag pashouders uit het buitenland aanmaken", frozenset({CounterRight.REGISTER_ABROAD})),
    StandardGroup("Scholen", frozenset(), is_school=True),
)
"""As the real system names them, so that KSBs find theirs again (rules 2.4)."""
