"""What a heartbeat shows to have happened since the one before: another start, another version."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final

from server.kernel.bulk import Call, Statement
from server.kiosks.contact import MOST_TEXT, Before
from shared.domain.zones import to_millis
from shared.wire.messages import Heartbeat

_TOLERANCE_SECONDS: Final = 2
"""Uptime is told in whole seconds."""
_KEEP: Final = Statement(
    "INSERT INTO kiosk_happening (kiosk, at, kind, was, became) VALUES (:kiosk, :at, :kind, :was, :became)"
)


class Happening(StrEnum):
    """REBOOTED: the machine started anew. RESTARTED: only the program. VERSION: another program runs."""

    REBOOTED = "rebooted"
    RESTARTED = "restarted"
    VERSION = "version"


def keep_happenings(kiosk: int, beat: Heartbeat, before: Before, now: datetime) -> list[Call]:
    """Return the calls that keep what happened since the heartbeat before; mostly none."""
    if not before.version:
        return []  # its first word: nothing is known of before
    return [_call(kiosk, kind, beat, before, now) for kind in _happened(beat, before)]


def _happened(beat: Heartbeat, before: Before) -> Iterator[Happening]:
    if beat.clock.boot != before.boot:
        yield Happening.REBOOTED
    elif _is_restarted(beat, before):
        yield Happening.RESTARTED
    if beat.version != before.version:
        yield Happening.VERSION


def _is_restarted(beat: Heartbeat, before: Before) -> bool:
    """Tell whether the program runs less long than it would if it were the same one, in the same boot."""
    if not (beat.uptime or before.uptime):
        return False  # a device that does not tell
    since = (beat.clock.monotonic - before.monotonic) // 1_000
    return beat.uptime + _TOLERANCE_SECONDS < before.uptime + since


def _call(kiosk: int, kind: Happening, beat: Heartbeat, before: Before, now: datetime) -> Call:
    is_version = kind is Happening.VERSION
    scalars = {
        "kiosk": kiosk,
        "at": to_millis(now),
        "kind": str(kind),
        "was": before.version[:MOST_TEXT] if is_version else "",
        "became": beat.version[:MOST_TEXT] if is_version else "",
    }
    return Call(_KEEP, scalars)
