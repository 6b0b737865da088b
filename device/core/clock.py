"""The zuil's idea of the time: no battery keeps its clock, and people set clocks by hand.

Once the server was heard in this boot, time is the server's time carried on by the monotonic
clock, which nobody can set. Before that it is the wall clock, but never earlier than the latest
instant the zuil knows to have passed, carried on in the same way (`design/sync.md` 9). What was
tapped before the truth was known gets its true instant as soon as it is: see `when`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from device.ports import ClockReading
from shared.domain.zones import from_millis
from shared.wire.messages import Clock

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_GOOD_ROUND_TRIP: Final = 2.0
_GOOD_FOR_SECONDS: Final = 3600


class ServerClock:
    """Trusted time. `wall` and `monotonic` return seconds; `boot` names this start of the machine."""

    def __init__(
        self,
        boot: str,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._boot = boot
        self._wall = wall
        self._monotonic = monotonic
        self._passed = (0, 0.0)
        self._measured: tuple[float, float] | None = None

    def read(self) -> ClockReading:
        """Return the time and the evidence for it."""
        wall, monotonic = round(self._wall() * 1000), self._monotonic()
        measured = self._measured
        if measured is None:
            passed, since = self._passed
            now, offset = max(wall, passed + round((monotonic - since) * 1000)), None
        else:
            now = round((measured[0] + monotonic - measured[1]) * 1000)
            offset = now - wall
        evidence = Clock(
            wall=wall,
            monotonic=round(monotonic * 1000),
            boot=self._boot,
            offset=offset,
            believed=now if measured is None and now != wall else None,
        )
        return ClockReading(from_millis(now), evidence)

    def learn(self, server_now: int, sent: float, received: float) -> None:
        """Take the server's time as that of the middle of the request.

        A slow answer counts only for want of a better one.
        """
        slow = received - sent > _GOOD_ROUND_TRIP
        if slow and self._measured is not None and received - self._measured[1] < _GOOD_FOR_SECONDS:
            return
        self._measured = (server_now / 1000, (sent + received) / 2)

    def not_before(self, millis: int) -> None:
        """Say that this instant (ms UTC) has passed: a clock that shows less has lost its date."""
        if millis > self._passed[0]:
            self._passed = (millis, self._monotonic())

    def when(self, evidence: Clock) -> int | None:
        """Return when something of this boot truly was, in ms UTC; None while nobody knows better."""
        measured = self._measured
        if measured is None or evidence.boot != self._boot:
            return None
        return round((measured[0] - measured[1]) * 1000) + evidence.monotonic


def boot_id() -> str:
    """Return the kernel's name for this boot."""
    return BOOT_ID.read_text().strip()
