"""Where a card may go, and to whom (rules 6.9e, 6.12e; contradiction 2)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from shared.domain.checkin import CardState


class CardRefusal(StrEnum):
    """Why a card does not go there; the numbers are those of rules 6.9e."""

    NOT_A_REGISTRATION_COUNTER = "not-a-registration-counter"  # 3
    NOT_AN_AUTHORISED_COUNTER = "not-an-authorised-counter"  # 4
    ONLY_WITH_SOCIAL_TARIFF = "only-with-social-tariff"  # 5
    ONLY_WITHOUT_SOCIAL_TARIFF = "only-without-social-tariff"  # 6
    OTHER_MUNICIPALITY = "other-municipality"  # 7
    NOT_IN_STOCK_HERE = "not-in-stock-here"  # rules 6.12e


class CounterPowers(NamedTuple):
    """What a counter may do in the card system of the card."""

    registers: bool
    grants_social_tariff: bool
    registers_elsewhere: bool = False


class Candidate(NamedTuple):
    """Who would get a card. lives_here: in the municipality of the counter."""

    social_tariff: bool
    lives_here: bool


def shipping_refusal(counter: CounterPowers, *, social_tariff: bool) -> CardRefusal | None:
    """Return why cards, for holders with the kansentarief or without, are not sent to a counter."""
    if not counter.registers:
        return CardRefusal.NOT_A_REGISTRATION_COUNTER
    if social_tariff and not counter.grants_social_tariff:
        return CardRefusal.NOT_AN_AUTHORISED_COUNTER
    return None


def giving_refusal(
    counter: CounterPowers,
    candidate: Candidate,
    state: CardState,
    *,
    is_here: bool,
    social_tariff: bool,
    is_strict: bool = False,
) -> CardRefusal | None:
    """Return why a counter does not give a card to someone.

    is_here: the card was sent to this counter. social_tariff: its kansen digit. is_strict: people from
    elsewhere are refused without the kansentarief too (the older rule, per card system).
    """
    refusal = shipping_refusal(counter, social_tariff=social_tariff)
    if refusal is not None:
        return refusal
    if state is not CardState.LOCAL_STOCK or not is_here:
        return CardRefusal.NOT_IN_STOCK_HERE
    if social_tariff != candidate.social_tariff:
        return (
            CardRefusal.ONLY_WITH_SOCIAL_TARIFF if social_tariff else CardRefusal.ONLY_WITHOUT_SOCIAL_TARIFF
        )
    minds = candidate.social_tariff or is_strict
    if minds and not candidate.lives_here and not counter.registers_elsewhere:
        return CardRefusal.OTHER_MUNICIPALITY
    return None


class StockWarning(NamedTuple):
    """What is told of a counter's stock: how many mails by now, and whether one goes out at this moment."""

    told: int
    is_due: bool


def judge_stock(in_stock: int, low: int, lowest: int, told: int) -> StockWarning:
    """Judge a stock: at `low` cards or fewer the first mail, at `lowest` or fewer the second (rules 6.9g).

    Each goes out once; it can again when the stock has been above its level meanwhile.
    """
    level = 2 if in_stock <= lowest else 1 if in_stock <= low else 0
    return StockWarning(level, is_due=level > told)
