"""What is done while nobody taps: write-ahead logs into their files, old rows out of the journal."""

from __future__ import annotations

from typing import Final

from device.core.health import Fault, Health
from device.core.kiosk import Kiosk
from device.core.loops import Loop
from device.ports import Journal, LinkError, PassCache

_EVERY_SECONDS: Final = 10.0
_QUIET_SECONDS: Final = 3.0
_DAY_MILLIS: Final = 86_400_000
_DEFAULT_KEEP_DAYS: Final = 35


def housekeeping(kiosk: Kiosk, journal: Journal, cache: PassCache, health: Health) -> Loop:
    """Return the loop that tidies up in quiet moments."""

    def step() -> float:
        if Fault.JOURNAL in health.faults:
            journal.check()
            health.set_fault(Fault.JOURNAL, present=False)
        if kiosk.seconds_since_tap < _QUIET_SECONDS:
            return _QUIET_SECONDS
        config = cache.config()
        days = config.keep_acknowledged_days if config else _DEFAULT_KEEP_DAYS
        if health.heard is not None:
            # Days count until the server's last word: one that was put back meanwhile is asked first.
            journal.prune(health.heard // _DAY_MILLIS, days)
        journal.tidy()
        cache.tidy()
        return _EVERY_SECONDS

    def unreachable(error: LinkError) -> None:
        raise AssertionError("housekeeping asks nobody") from error

    return Loop("housekeeping", step, unreachable)
