"""How a zuil is, in the words of the heartbeat."""

from __future__ import annotations

import time
from typing import Final

from device import VERSION
from device.core.health import Gauges, Health, Readings
from device.core.kiosk import Kiosk
from device.ports import Display, Journal, PassCache, TrustedClock
from shared.domain.sayings import Saying, english
from shared.wire.messages import Heartbeat, ReleaseReport, Telemetry, said_in

_STARTED: Final = time.monotonic()


def heartbeat(
    kiosk: Kiosk,
    journal: Journal,
    cache: PassCache,
    *,
    display: Display,
    clock: TrustedClock,
    health: Health,
    gauges: Gauges | None = None,
    release: ReleaseReport | None = None,
) -> Heartbeat:
    """Return the heartbeat of this moment. Raises JournalError and CacheError."""
    measured = gauges.read() if gauges else Readings()
    written, copied = journal.state(), cache.state()
    active, screen = kiosk.active, kiosk.screen
    parked = [english(Saying.PARKED, taps=written.parked)] if written.parked else []
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
        said=[said for sentence in (*health.sentences(), *parked) for said in said_in(sentence)],
        uptime=round(time.monotonic() - _STARTED),
        cards=copied.cards,
        telemetry=_telemetry(measured, kiosk, display, health),
        release=release,
    )


def _telemetry(measured: Readings, kiosk: Kiosk, display: Display, health: Health) -> Telemetry:
    now = time.monotonic()
    hour = kiosk.tally.hour(now)
    return Telemetry(
        **measured._asdict(),
        round_trip=health.round_trip,
        followed=None if health.followed is None else round(now - health.followed),
        taps=hour.taps,
        refusals=hour.refusals,
        reader_resets=health.reader_resets,
        display_resets=display.resets,
    )
