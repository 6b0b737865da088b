"""How a zuil is, in the words of the heartbeat."""

from __future__ import annotations

import time
from typing import Final

from device import VERSION
from device.core.health import Health
from device.core.kiosk import Kiosk
from device.ports import Display, Journal, PassCache, TrustedClock
from shared.wire.messages import Heartbeat

_STARTED: Final = time.monotonic()


def heartbeat(
    kiosk: Kiosk,
    journal: Journal,
    cache: PassCache,
    *,
    display: Display,
    clock: TrustedClock,
    health: Health,
) -> Heartbeat:
    """Return the heartbeat of this moment. Raises JournalError and CacheError."""
    written, copied = journal.state(), cache.state()
    active, screen = kiosk.active, kiosk.screen
    parked = [f"{written.parked} taps are parked"] if written.parked else []
    return Heartbeat(
        clock=clock.read().evidence,
        version=VERSION,
        queue=written.queue,
        oldest=written.oldest,
        last_seq=written.last_seq,
        cursor=copied.cursor,
        config=copied.config,
        event=active.event.id if active and active.event else None,
        selection=active.selection.reason if active else "",
        screen=screen.kind if screen else "",
        reader=health.reader,
        display=display.state,
        faults=[*health.told(), *parked],
        uptime=round(time.monotonic() - _STARTED),
        cards=copied.cards,
    )
