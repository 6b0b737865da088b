"""Until when a former token key of a card system is kept: as long as a zuil may hand in taps under it.

A zuil that heard nothing goes on under the old key until its lease ends: that is the last use of a key.
Whoever has spoken since then, with nothing left from before, has none of those taps. A row that was
acknowledged may still be asked for again for some weeks, after a restored backup. A zuil that stays
silent is waited for, a year at most; one that is removed or wiped is not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem, CardSystemKey
from server.kiosks.models import Kiosk, KioskLive, KioskState
from shared.domain.zones import to_millis

KEEP: Final = timedelta(days=35)
"""How long a zuil keeps acknowledged rows (`KioskConfig.keep_acknowledged_days`)."""
PATIENCE: Final = timedelta(days=365)


class FormerKey(NamedTuple):
    """A token key that is out of use."""

    system: int
    number: int


def forgettable_keys(session: Session, now: datetime) -> list[FormerKey]:
    """Return the former keys under which no tap can come any more."""
    former = session.exec(
        select(CardSystemKey)
        .join(CardSystem, col(CardSystem.id) == col(CardSystemKey.card_system_id))
        .where(col(CardSystemKey.number) < col(CardSystem.key_number))
    ).all()
    if not former:
        return []
    lease = timedelta(days=_longest_lease(session))
    return [
        FormerKey(key.card_system_id, key.number)
        for key in former
        if key.retired_at is not None and _is_over(session, key.retired_at + lease, now)
    ]


def _is_over(session: Session, last_use: datetime, now: datetime) -> bool:
    if now <= last_use + KEEP:
        return False
    return now > last_use + PATIENCE or not _is_anyone_behind(session, last_use)


def _is_anyone_behind(session: Session, last_use: datetime) -> bool:
    """Tell whether a zuil may have taps of before `last_use` that are not here."""
    behind = (
        select(KioskLive.kiosk)
        .join(Kiosk, col(Kiosk.number) == col(KioskLive.kiosk))
        .where(
            Kiosk.state != KioskState.REMOVED,
            col(Kiosk.wiped_at).is_(None),
            or_(
                col(KioskLive.last_contact) <= last_use,
                (col(KioskLive.queue) > 0) & (col(KioskLive.oldest) <= to_millis(last_use)),
            ),
        )
    )
    return session.exec(behind.limit(1)).first() is not None


def _longest_lease(session: Session) -> int:
    """Return the longest lease in days that any zuil may go by."""
    decided, lived = session.exec(
        select(func.max(col(Kiosk.lease_days)), func.max(col(KioskLive.lease_days)))
        .select_from(Kiosk)
        .outerjoin(KioskLive, col(KioskLive.kiosk) == col(Kiosk.number))
    ).one()
    return max(decided or 0, lived or 0)
