"""What became of a blocked zuil, as far as the server can know (`design/sync.md` 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from server.kiosks.overview import KioskView


class Farewell(StrEnum):
    """How far a blocked zuil is.

    OUT_OF_REACH: it has not spoken since; it stops when its lease ends. TOLD: it still hands in taps.
    LEFT: everything is here, and it asked a last time, which it does just before it destroys its keys.
    NEVER_SPOKE: it never had anything to destroy.
    """

    NEVER_SPOKE = "never-spoke"
    OUT_OF_REACH = "out-of-reach"
    TOLD = "told"
    LEFT = "left"


class Blocking(NamedTuple):
    """What became of a blocked zuil.

    at: when it heard so first (TOLD) or last (LEFT), or stops by itself (OUT_OF_REACH).
    """

    farewell: Farewell
    at: datetime | None = None
    waiting: int = 0


def blocking_of(view: KioskView) -> Blocking:
    """Return what became of a blocked zuil."""
    kiosk, live = view.kiosk, view.live
    if kiosk.told_at is not None:
        # It asks at least twice: what it does now, and once more when there is nothing left to hand in.
        has_left = view.waiting == 0 and kiosk.left_at is not None and kiosk.left_at > kiosk.told_at
        at = kiosk.left_at if has_left else kiosk.told_at
        return Blocking(Farewell.LEFT if has_left else Farewell.TOLD, at, view.waiting)
    if live is None or (kiosk.consumer_key is None and kiosk.next_consumer_key is None):
        return Blocking(Farewell.NEVER_SPOKE)
    lease = timedelta(days=max(live.lease_days or 0, kiosk.lease_days))
    return Blocking(Farewell.OUT_OF_REACH, live.last_contact + lease, view.waiting)
