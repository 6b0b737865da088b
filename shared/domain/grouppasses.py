"""Tickets at the kansentarief for a group (rules 12.6-12.10)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple

from shared.domain.checkin import CardState


class GroupPassRefusal(StrEnum):
    """Why a group gets no tickets at the kansentarief."""

    NOT_IN_USE = "not-in-use"
    NO_TARIFF = "no-tariff"
    EXPIRED = "expired"
    TOO_MANY = "too-many"
    NONE_ASKED = "none-asked"


class GroupPassFacts(NamedTuple):
    """What a decision needs of a group pass.

    tickets_per_year: None for a pass without kansentarief (rules 12.8). tariff_end: the last day; None:
    without end. used: tickets of this calendar year in Brussels (rules 12.9).
    """

    state: CardState
    tickets_per_year: int | None
    tariff_end: date | None
    used: int


def has_tariff(facts: GroupPassFacts, day: date) -> bool:
    """Tell whether a group has the kansentarief on a day."""
    return facts.tickets_per_year is not None and (facts.tariff_end is None or day <= facts.tariff_end)


def available_tickets(facts: GroupPassFacts) -> int:
    """Return how many tickets are left this year."""
    return max(0, (facts.tickets_per_year or 0) - facts.used)


def ticket_refusal(facts: GroupPassFacts, wanted: int, day: date) -> GroupPassRefusal | None:
    """Return why a group does not get so many tickets on a day, None when it does."""
    if facts.state is not CardState.ACTIVE:
        return GroupPassRefusal.NOT_IN_USE
    if facts.tickets_per_year is None:
        return GroupPassRefusal.NO_TARIFF
    if not has_tariff(facts, day):
        return GroupPassRefusal.EXPIRED
    if wanted < 1:
        return GroupPassRefusal.NONE_ASKED
    return GroupPassRefusal.TOO_MANY if wanted > available_tickets(facts) else None
