"""What a card costs: a table of lines, of which one holds for each question (rules 6.10)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from itertools import combinations
from typing import Final, NamedTuple


class PriceReason(StrEnum):
    """Why someone gets a card (rules 6.10b). DEFECT and REMOVAL stand apart (contradiction 1)."""

    FIRST_CARD = "FIRST_CARD"
    CARD_UPGRADE = "CARD_UPGRADE"
    EXTRA_CARD = "EXTRA_CARD"
    LOSS_THEFT = "LOSS_THEFT"
    DEFECT = "DEFECT"
    REMOVAL = "REMOVAL"
    LOSS_KANSENSTATUUT = "LOSS_KANSENSTATUUT"
    OBTAIN_KANSENSTATUUT = "OBTAIN_KANSENSTATUUT"


OLDEST: Final = 150
"""Years."""


class PriceLine(NamedTuple):
    """A price and for whom it is. None, or an empty carrier, stands for everyone.

    age_from, age_to: whole years, both inclusive. is_for_unknown_age: also when nobody knows the age.
    is_resident: lives in the region of the card system. carrier: what the number is on.
    """

    reason: PriceReason
    cents: int
    label: str = ""
    description: str = ""
    age_from: int | None = None
    age_to: int | None = None
    is_for_unknown_age: bool = False
    social_tariff: bool | None = None
    is_resident: bool | None = None
    carrier: str = ""


class PriceQuestion(NamedTuple):
    """Who gets what card, and why. age, is_resident: None when nobody knows."""

    reason: PriceReason
    age: int | None
    social_tariff: bool
    carrier: str
    is_resident: bool | None = None


def find_price(lines: Sequence[PriceLine], question: PriceQuestion) -> PriceLine | None:
    """Return the line that holds, None when there is none; of lines that overlap the first."""
    return next((line for line in lines if _holds(line, question)), None)


def find_overlap(lines: Sequence[PriceLine]) -> tuple[PriceLine, PriceLine] | None:
    """Return two lines that could both hold for someone, None when there are none."""
    return next(((one, other) for one, other in combinations(lines, 2) if _overlap(one, other)), None)


def age_on(birth_date: date, day: date) -> int:
    """Return how many years someone has lived; born on 29 February, one year more on 1 March."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def _holds(line: PriceLine, question: PriceQuestion) -> bool:
    return (
        line.reason is question.reason
        and line.social_tariff in (None, question.social_tariff)
        and line.carrier in ("", question.carrier)
        and line.is_resident in (None, question.is_resident)
        and (line.is_for_unknown_age if question.age is None else question.age in _ages(line))
    )


def _overlap(one: PriceLine, other: PriceLine) -> bool:
    share_age = max(_ages(one).start, _ages(other).start) < min(_ages(one).stop, _ages(other).stop)
    return (
        one.reason is other.reason
        and (None in (one.social_tariff, other.social_tariff) or one.social_tariff == other.social_tariff)
        and ("" in (one.carrier, other.carrier) or one.carrier == other.carrier)
        and (None in (one.is_resident, other.is_resident) or one.is_resident == other.is_resident)
        and (share_age or (one.is_for_unknown_age and other.is_for_unknown_age))
    )


def _ages(line: PriceLine) -> range:
    last = OLDEST if line.age_to is None else line.age_to
    return range(line.age_from or 0, last + 1)
