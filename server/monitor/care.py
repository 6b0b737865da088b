"""Work on a zuil that somebody announced: until its end nothing it does is an alert."""

from __future__ import annotations

from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.kiosks.contact import judge_again
from server.monitor.models import Maintenance

LONGEST_REASON: Final = 120
_HOUR: Final = 3_600_000


def begin_maintenance(
    session: Session, kiosk: int, now: int, hours: int, reason: str, *, staff_id: int | None = None
) -> None:
    """Announce work from `now` (ms UTC) on, for so many hours."""
    reason = " ".join(reason.split())[:LONGEST_REASON]
    session.add(
        Maintenance(kiosk=kiosk, starts=now, ends=now + hours * _HOUR, reason=reason, staff_id=staff_id)
    )
    judge_again(session, [kiosk])
    detail = {"hours": hours, "reason": reason}
    record(session, "begin-maintenance", "kiosk", kiosk, staff_id=staff_id, detail=detail)


def end_maintenance(session: Session, kiosk: int, now: int, *, staff_id: int | None = None) -> None:
    """Say that the work is done, before its announced end."""
    running = update(Maintenance).where(
        col(Maintenance.kiosk) == kiosk, col(Maintenance.starts) <= now, col(Maintenance.ends) > now
    )
    session.execute(running.values(ends=now))
    judge_again(session, [kiosk])
    record(session, "end-maintenance", "kiosk", kiosk, staff_id=staff_id)


def maintenance_now(session: Session, kiosk: int, now: int) -> Maintenance | None:
    """Return the work that is under way, the one that ends last."""
    query = select(Maintenance).where(
        Maintenance.kiosk == kiosk, Maintenance.starts <= now, Maintenance.ends > now
    )
    return session.exec(query.order_by(col(Maintenance.ends).desc())).first()
