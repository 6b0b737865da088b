"""Another device for a zuil: the zuil keeps its number and history, the device before may only hand in.

The device before gets a number of its own, one of a removed zuil at the same counters, and takes its
credentials and its journal along. So the new device begins a journal at one, and the old one, when it comes
back, is told what a removed zuil is told: it hands in what it has, with the points that belong to it,
destroys its keys, and says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from server.checkins.models import Checkin, KioskGap, KioskJournal
from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from server.kernel.database import vault_of
from server.kernel.errors import ProblemError
from server.kiosks.closing import close_commands
from server.kiosks.contact import judge_again
from server.kiosks.models import FormerDevice, Kiosk, KioskCounter, KioskLive, KioskState
from server.kiosks.setup import CODE_KEY_BYTES, number_of

_CREDENTIALS: Final = ("consumer_key", "consumer_secret", "next_consumer_key", "next_consumer_secret")


class Former(NamedTuple):
    """What became of a device that was a zuil until `since`. handed_in: the taps that came afterwards."""

    since: datetime
    told_at: datetime | None
    wiped_at: datetime | None
    handed_in: int


def replace_device(session: Session, kiosk: Kiosk, now: datetime, *, staff_id: int | None = None) -> None:
    """Make room for another device: the keys of this one are void from now on.

    Raises:
        ProblemError: 409, there is no device to replace.
    """
    if kiosk.state != KioskState.ACTIVE:
        raise ProblemError(409, "This zuil is not in use.", type="zuil:not-active")
    set_aside(session, kiosk, now)
    kiosk.state, kiosk.code_key = KioskState.NEW, _fresh_key(session)
    kiosk.device_hash = kiosk.device_id = None
    close_commands(session, kiosk)
    kiosks_changed(session, [number_of(kiosk)])
    judge_again(session, [number_of(kiosk)])
    record(session, "replace-device", "kiosk", kiosk.number, staff_id=staff_id)


def is_another_device(session: Session, kiosk: Kiosk, last_seq: int) -> bool:
    """Tell whether a device whose journal is at `last_seq` is not the one that was this zuil."""
    journal = session.get(KioskJournal, kiosk.number)
    return journal is not None and last_seq < journal.top_seq


def set_aside(session: Session, kiosk: Kiosk, now: datetime) -> None:
    """Give the device that is this zuil a number of its own, to hand in what it has.

    Where there is no device, or it destroyed its keys, nothing happens.
    """
    credentials = {name: getattr(kiosk, name) for name in _CREDENTIALS}
    kiosk.renewal_asked = None
    for name in _CREDENTIALS:
        setattr(kiosk, name, None)
    if not any(credentials.values()) or kiosk.wiped_at is not None:
        return
    session.flush()  # a key stands once
    former = Kiosk(
        name=kiosk.name,
        place=kiosk.place,
        code_key=_fresh_key(session),
        state=KioskState.REMOVED,
        blocked_at=now,
        lease_days=kiosk.lease_days,
        **credentials,
    )
    session.add(former)
    session.flush()
    _take_along(session, number_of(kiosk), number_of(former))
    session.add(FormerDevice(kiosk=number_of(former), successor=number_of(kiosk), since=now))
    session.flush()


def former_devices(session: Session, kiosk: int) -> Sequence[Former]:
    """Return the devices that were this zuil, the last one first."""
    taps = (
        select(Checkin.kiosk, func.count().label("taps"))
        .where(col(Checkin.kiosk).in_(select(FormerDevice.kiosk).where(FormerDevice.successor == kiosk)))
        .group_by(col(Checkin.kiosk))
        .subquery()
    )
    rows = session.exec(
        select(FormerDevice, Kiosk, taps.c.taps)
        .join(Kiosk, col(Kiosk.number) == col(FormerDevice.kiosk))
        .outerjoin(taps, taps.c.kiosk == col(FormerDevice.kiosk))
        .where(FormerDevice.successor == kiosk)
        .order_by(col(FormerDevice.since).desc())
    )
    return [Former(device.since, row.told_at, row.wiped_at, count or 0) for device, row, count in rows]


def _take_along(session: Session, kiosk: int, former: int) -> None:
    """Move what belongs to the device, copy what its taps are judged by."""
    for table in (KioskJournal, KioskGap, KioskLive):
        move = update(table).where(col(table.kiosk) == kiosk).values(kiosk=former)
        session.execute(move, execution_options={"synchronize_session": False})
    counters = session.exec(select(KioskCounter.counter_id).where(KioskCounter.kiosk == kiosk)).all()
    session.add_all(KioskCounter(kiosk=former, counter_id=counter) for counter in counters)


def _fresh_key(session: Session) -> bytes:
    return vault_of(session).seal(secrets.token_bytes(CODE_KEY_BYTES))
