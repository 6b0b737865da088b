"""Which zuilen something concerns, through the counters they stand at."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from server.counters.models import CounterCardSystem
from server.kiosks.models import KioskCounter


def kiosks_at(session: Session, counter_ids: Iterable[int]) -> set[int]:
    """Return the numbers of the zuilen at these counters."""
    return set(
        session.exec(select(KioskCounter.kiosk).where(col(KioskCounter.counter_id).in_(set(counter_ids))))
    )


def kiosks_with(session: Session, card_system_id: int) -> set[int]:
    """Return the numbers of the zuilen that know the cards of a card system."""
    query = (
        select(KioskCounter.kiosk)
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(KioskCounter.counter_id))
        .where(CounterCardSystem.card_system_id == card_system_id)
    )
    return set(session.exec(query))
