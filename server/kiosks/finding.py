"""Find zuilen: whose they are and what was typed. Conditions on the table `kiosk`, for lists of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, String, cast, or_, select
from sqlmodel import col

from server.counters.models import Counter, CounterCardSystem
from server.kiosks.models import Kiosk, KioskCounter

LONGEST_SEARCH: Final = 60


def in_reach(reach: int | None) -> Sequence[ColumnElement[bool]]:
    """Return the condition for the zuilen of a card system and those of no counter yet; None: every zuil."""
    if reach is None:
        return ()
    assigned = select(col(KioskCounter.kiosk))
    return (or_(of_system(reach), col(Kiosk.number).not_in(assigned)),)


def of_system(system: int) -> ColumnElement[bool]:
    """Return the condition for the zuilen at the counters of a card system."""
    inside = (
        select(col(KioskCounter.kiosk))
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(KioskCounter.counter_id))
        .where(col(CounterCardSystem.card_system_id) == system)
    )
    return col(Kiosk.number).in_(inside)


def mentioning(search: str) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for zuilen whose name, place, number or counter has every word."""
    return tuple(map(_mentions, search[:LONGEST_SEARCH].split()))


def _mentions(word: str) -> ColumnElement[bool]:
    at = (
        select(col(KioskCounter.kiosk))
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(col(Counter.name).icontains(word, autoescape=True))
    )
    return or_(
        col(Kiosk.name).icontains(word, autoescape=True),
        col(Kiosk.place).icontains(word, autoescape=True),
        cast(col(Kiosk.number), String) == word,
        col(Kiosk.number).in_(at),
    )
