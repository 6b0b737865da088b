"""What is left of a zuil that is out of use for good: what it was, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func
from sqlmodel import Session, col, select

from server.checkins.models import Checkin, KioskJournal
from server.kernel.audit import AuditEntry
from server.kiosks.models import FormerDevice, Kiosk, KioskLive
from server.kiosks.overview import kiosks_retired
from server.monitor.board import counter_names
from server.staff.models import Staff


class Retired(NamedTuple):
    """A zuil that was taken out of use.

    since, by: when, and the name of who did it. live: as it last spoke. taps: rows of the journals of all its
    devices that came, and what one of another make asked for.
    had_keys: whether it ever had anything to be told and to destroy.
    """

    kiosk: Kiosk
    counters: tuple[str, ...]
    live: KioskLive | None
    since: datetime | None
    by: str
    taps: int
    had_keys: bool


def find_retired(session: Session, reach: int | None, number: int) -> Retired | None:
    """Return a zuil within reach that is out of use, None when this is none."""
    kiosk = session.exec(kiosks_retired(reach, "").where(Kiosk.number == number)).first()
    if kiosk is None:
        return None
    removal = (
        select(AuditEntry.at, Staff.name)
        .outerjoin(Staff, col(Staff.id) == col(AuditEntry.staff_id))
        .where(AuditEntry.subject_kind == "kiosk", AuditEntry.subject_id == str(number))
        .where(AuditEntry.action == "remove")
        .order_by(col(AuditEntry.id).desc())
    )
    since, by = session.exec(removal).first() or (kiosk.blocked_at, "")
    return Retired(
        kiosk=kiosk,
        counters=counter_names(session, [number]).get(number, ()),
        live=session.get(KioskLive, number),
        since=since,
        by=by or "",
        taps=_taps(session, number),
        had_keys=kiosk.consumer_key is not None or kiosk.wiped_at is not None or kiosk.told_at is not None,
    )


def _taps(session: Session, number: int) -> int:
    devices = [number, *session.exec(select(FormerDevice.kiosk).where(FormerDevice.successor == number))]
    journals = select(func.sum(KioskJournal.top_seq)).where(col(KioskJournal.kiosk).in_(devices))
    others = select(func.count()).where(col(Checkin.kiosk).in_(devices), col(Checkin.seq).is_(None))
    return (session.scalar(journals) or 0) + (session.scalar(others) or 0)
