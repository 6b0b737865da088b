"""How busy the door was in the last hour."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

_HOUR_SECONDS: Final = 3600.0


class Hour(NamedTuple):
    """What was presented in the last hour, and how much of it was refused."""

    taps: int
    refusals: int


class Tally:
    """Counts what was presented. One thread notes, others may ask; seconds are monotonic."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, int, int]] = deque(maxlen=60)

    def note(self, seconds: float, *, refused: bool) -> None:
        """Count one thing that was presented. Kept by the minute, so that a busy day costs no memory."""
        minute = int(seconds // 60)
        if not self._minutes or self._minutes[-1][0] != minute:
            self._minutes.append((minute, 0, 0))
        _, taps, refusals = self._minutes[-1]
        self._minutes[-1] = (minute, taps + 1, refusals + refused)

    def hour(self, seconds: float) -> Hour:
        """Return the last hour, to the minute."""
        since = (seconds - _HOUR_SECONDS) // 60
        recent = [(taps, refusals) for minute, taps, refusals in tuple(self._minutes) if minute > since]
        return Hour(sum(taps for taps, _ in recent), sum(refusals for _, refusals in recent))
