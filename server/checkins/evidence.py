"""When something happened, from the evidence of clocks that may be wrong (`design/sync.md`, guarantee 9)."""

from __future__ import annotations

from typing import Final

from shared.wire.messages import Clock

TOLERANCE_MILLIS: Final = 60_000
"""A clock that is less wrong than this hardly ever shows another event."""


def effective_time(tap: Clock, now: Clock, received: int) -> int:
    """Return the instant of a tap in milliseconds of server time.

    tap: the zuil's clocks at the tap; now: the same at the upload, which the server received at
    `received`. Within one boot the monotonic clock is the best witness: it knows no time zone,
    no step by hand and no year 1970. From an earlier boot there is the wall clock and what it was
    known to be off by, or what the zuil believed. Nothing happened after it was received.
    """
    if _is_witnessed(tap, now):
        sent = received if now.offset is None else min(now.wall + now.offset, received)
        at = sent - (now.monotonic - tap.monotonic)
    elif tap.offset is None and tap.believed is not None:
        at = tap.believed
    else:
        at = tap.wall + (tap.offset or 0)
    return max(0, min(at, received))


def knew_no_time(tap: Clock, now: Clock, at: int) -> bool:
    """Return whether a zuil tapped in a boot in which it had not heard the server yet, with a wrong clock.

    Only when `at`, its effective time, is beyond doubt: in the boot of the upload, by the monotonic clock.
    """
    return tap.offset is None and _is_witnessed(tap, now) and abs(at - tap.wall) > TOLERANCE_MILLIS


def _is_witnessed(tap: Clock, now: Clock) -> bool:
    return tap.boot == now.boot and tap.monotonic <= now.monotonic
