"""Where cards may go, and when there are too few (rules 6.9e, 6.9g)."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class CardRefusal(StrEnum):
    """Why cards do not go to a counter; the numbers are those of rules 6.9e."""

    NOT_A_REGISTRATION_COUNTER = "not-a-registration-counter"  # 3
    NOT_AN_AUTHORISED_COUNTER = "not-an-authorised-counter"  # 4


class CounterPowers(NamedTuple):
    """What a counter may do in the card system of the card."""

    registers: bool
    grants_social_tariff: bool


def shipping_refusal(counter: CounterPowers, *, social_tariff: bool) -> CardRefusal | None:
    """Return why cards, for holders with the kansentarief or without, are not sent to a counter."""
    if not counter.registers:
        return CardRefusal.NOT_A_REGISTRATION_COUNTER
    if social_tariff and not counter.grants_social_tariff:
        return CardRefusal.NOT_AN_AUTHORISED_COUNTER
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
