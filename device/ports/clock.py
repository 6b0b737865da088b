"""The time, and how far it can be trusted."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

from shared.wire.messages import (
    Clock,
)


class ClockReading(NamedTuple):
    """Now, as well as the zuil knows it, and the evidence that travels with a tap."""

    now: datetime
    evidence: Clock


class TrustedClock(Protocol):
    """The zuil's idea of the time (`design/sync.md` 9)."""

    def read(self) -> ClockReading:
        """Return the time."""

    def learn(self, server_now: int, sent: float, received: float) -> None:
        """Take the server's time (ms UTC); `sent` and `received` are monotonic seconds around the request."""

    def when(self, evidence: Clock) -> int | None:
        """Return when something of this boot truly was, in ms UTC; None while nobody knows better."""
