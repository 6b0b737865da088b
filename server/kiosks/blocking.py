"""What became of a blocked zuil, as far as the server can know (`design/sync.md` 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Session

from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from server.kiosks.closing import close_commands, take_report
from server.kiosks.contact import judge_again
from server.kiosks.models import Kiosk, KioskLive, KioskState
from server.kiosks.overview import KioskView, is_late
from server.kiosks.setup import number_of
from shared.domain.commands import CommandOutcome
from shared.domain.zones import to_millis


class Farewell(StrEnum):
    """How far a blocked zuil is.

    ON_ITS_WAY: it was connected, and is being told. OUT_OF_REACH: it was not, or does not answer; it stops
    when its lease ends. TOLD: it still hands in taps.
    WIPED: it said that its keys and cards are destroyed. NEVER_SPOKE: it never had anything to destroy.
    """

    NEVER_SPOKE = "never-spoke"
    ON_ITS_WAY = "on-its-way"
    OUT_OF_REACH = "out-of-reach"
    TOLD = "told"
    WIPED = "wiped"


class Blocking(NamedTuple):
    """What became of a blocked zuil.

    at: when it heard so first (TOLD), destroyed its keys (WIPED), or stops by itself at the latest
    (ON_ITS_WAY, OUT_OF_REACH).
    """

    farewell: Farewell
    at: datetime | None = None
    waiting: int = 0


def blocking_of(view: KioskView, now: datetime) -> Blocking | None:
    """Return what became at `now` of a zuil that is blocked, or wiped on command; None for any other."""
    kiosk, live = view.kiosk, view.live
    if kiosk.wiped_at is not None:
        return Blocking(Farewell.WIPED, kiosk.wiped_at, view.waiting)
    if kiosk.state != KioskState.BLOCKED or kiosk.device_hash is not None:
        return None  # a device that asks the server at each card has nothing to destroy
    if kiosk.told_at is not None:
        return Blocking(Farewell.TOLD, kiosk.told_at, view.waiting)
    if live is None or (kiosk.consumer_key is None and kiosk.next_consumer_key is None):
        return Blocking(Farewell.NEVER_SPOKE)
    lease = timedelta(days=max(live.lease_days or 0, kiosk.lease_days))
    farewell = Farewell.ON_ITS_WAY if _is_connected(kiosk, live, now) else Farewell.OUT_OF_REACH
    return Blocking(farewell, live.last_contact + lease, view.waiting)


def _is_connected(kiosk: Kiosk, live: KioskLive, now: datetime) -> bool:
    """Tell whether a zuil still hears us; that its stream closed since the block proves nothing."""
    if is_late(kiosk, live, now):
        return False
    return live.hung_up is None or (kiosk.blocked_at is not None and live.hung_up >= kiosk.blocked_at)


def remove_kiosk(session: Session, kiosk: Kiosk, now: datetime, *, staff_id: int | None = None) -> None:
    """Take a zuil out of use for good: told as a blocked one is, and in no list any more (rules 8.6).

    Its row stays, for its history and so that its number is never given to another.
    """
    if kiosk.state == KioskState.REMOVED:
        return
    if kiosk.state != KioskState.BLOCKED:
        kiosk.blocked_at, kiosk.told_at = now, None
    kiosk.state = KioskState.REMOVED
    close_commands(session, kiosk)
    kiosks_changed(session, [number_of(kiosk)])
    judge_again(session, [number_of(kiosk)])
    record(session, "remove", "kiosk", kiosk.number, staff_id=staff_id, detail={"name": kiosk.name})


def note_wiped(session: Session, kiosk: Kiosk, at: datetime, *, command_id: str = "") -> None:
    """Note that a zuil destroyed its keys and cards; one that did so on command waits for another enrolment.

    Said again, it changes nothing.
    """
    if kiosk.wiped_at is not None:
        return
    kiosk.wiped_at = at
    if command_id:
        take_report(session, kiosk, command_id, CommandOutcome.DONE, ended=to_millis(at))
    if kiosk.state == KioskState.ACTIVE:
        kiosk.state = KioskState.NEW
    close_commands(session, kiosk)
    kiosks_changed(session, [number_of(kiosk)])
    judge_again(session, [number_of(kiosk)])
    record(session, "wiped", "kiosk", kiosk.number)
