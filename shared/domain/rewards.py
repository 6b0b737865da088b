"""Rewards: who is given a welcome reward, and whether it can be handed out now (rules 9)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Period(NamedTuple):
    """From a second up to and with another; None: from ever, for ever."""

    begin: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether an instant is inside; the last second counts whole."""
        second = at.replace(microsecond=0)
        return (self.begin is None or self.begin <= second) and (self.end is None or second <= self.end)


class WelcomeOffer(NamedTuple):
    """What granting needs of a welcome reward (rules 9.3).

    systems: the card systems it is for; cities: the municipalities it is for; none: all of them.
    units: for the first so many; None: for everyone. taken: how many got it.
    """

    granting: Period
    systems: frozenset[int] = frozenset()
    cities: frozenset[str] = frozenset()
    units: int | None = None
    taken: int = 0
    has_ended: bool = False

    @property
    def is_sold_out(self) -> bool:
        """Whether there is none left."""
        return self.units is not None and self.taken >= self.units


def is_granted(offer: WelcomeOffer, joined: int, municipality: str, now: datetime) -> bool:
    """Tell whether somebody of a municipality who joins a card system now is given it (rules 9.3)."""
    fits = not offer.systems or joined in offer.systems
    lives_there = not offer.cities or municipality in offer.cities
    return (
        fits and lives_there and offer.granting.holds(now) and not offer.has_ended and not offer.is_sold_out
    )


class RewardVerdict(StrEnum):
    """Whether somebody gets a reward now, or why not (messages 3)."""

    POSSIBLE = "possible"
    UNKNOWN = "unknown"
    CARD_INVALID = "card-invalid"
    NO_ACTIVE_SYSTEM = "no-active-system"
    TARIFF_EXPIRED = "tariff-expired"
    NOT_FOR_PERSON = "not-for-person"
    SWITCHED_OFF = "switched-off"
    OUTSIDE_PERIOD = "outside-period"
    SOLD_OUT = "sold-out"
    TAKEN = "taken"
    NOT_HERE = "not-here"
    ONLY_AT_COUNTER = "only-at-counter"


class MemberState(StrEnum):
    """What a membership is worth on a day; EXPIRED: its kansenstatuut is (rules 5.5)."""

    ACTIVE = "active"
    EXPIRED = "expired"
    BLOCKED = "blocked"


class WelcomeFacts(NamedTuple):
    """What handing out a welcome reward to somebody needs.

    has_card: whether the card he shows works, or one of his does when he shows none. members: card system
    -> what his membership is worth. off: the card systems that hand nothing out for now. is_granted: it
    was given to him when he joined. is_here: the counter is one of those that hand it out.
    """

    has_card: bool
    members: Mapping[int, MemberState]
    offer: WelcomeOffer
    redeem: Period
    off: frozenset[int]
    is_granted: bool
    is_taken: bool
    is_here: bool


def welcome_verdict(facts: WelcomeFacts, now: datetime) -> RewardVerdict:  # noqa: PLR0911 - one for each check, in their order
    """Return whether a welcome reward can be handed out, checked in the order of rules 9.6.

    Where he lives was looked at when it was granted, and is not looked at again.
    """
    if facts.offer.has_ended:
        return RewardVerdict.UNKNOWN
    if not facts.has_card:
        return RewardVerdict.CARD_INVALID
    if (fault := _member_fault(facts)) is not None:
        return fault
    if not facts.is_granted:
        return RewardVerdict.SOLD_OUT if facts.offer.is_sold_out else RewardVerdict.NOT_FOR_PERSON
    if _active(facts) <= facts.off:
        return RewardVerdict.SWITCHED_OFF
    if not facts.redeem.holds(now):
        return RewardVerdict.OUTSIDE_PERIOD
    if facts.is_taken:
        return RewardVerdict.TAKEN
    return RewardVerdict.POSSIBLE if facts.is_here else RewardVerdict.NOT_HERE


def _active(facts: WelcomeFacts) -> frozenset[int]:
    """Return the card systems through which the reward is his to have."""
    systems = facts.offer.systems
    return frozenset(
        system
        for system, state in facts.members.items()
        if state is MemberState.ACTIVE and (not systems or system in systems)
    )


def _member_fault(facts: WelcomeFacts) -> RewardVerdict | None:
    """Return what is wrong with the memberships of somebody, for this reward."""
    if _active(facts):
        return None
    systems = facts.offer.systems
    expired = {system for system, state in facts.members.items() if state is MemberState.EXPIRED}
    if expired and (not systems or expired & systems):
        return RewardVerdict.TARIFF_EXPIRED
    is_member = any(state is MemberState.ACTIVE for state in facts.members.values())
    return RewardVerdict.NOT_FOR_PERSON if is_member else RewardVerdict.NO_ACTIVE_SYSTEM
