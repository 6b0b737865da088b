"""What heartbeats measured, kept as a history: one narrow row each."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from server.kernel.bulk import Call, Statement
from server.kiosks.contact import Before, clock_error
from shared.domain.zones import to_millis
from shared.wire.messages import Heartbeat, Telemetry

_MOST_INT: Final = (1 << 31) - 1
_UNKNOWN: Final = Telemetry()

_HEARD: Final = Statement(
    "INSERT INTO kiosk_watch (kiosk, due, heard, hung_up, state, excuse, causes, since, memory)"
    " VALUES (:kiosk, 0, :now, NULL, 'ok', '', '', :now, '{}')"
    " ON CONFLICT (kiosk) DO UPDATE SET due = 0, heard = excluded.heard, hung_up = NULL"
)
_SAMPLE: Final = Statement(
    "INSERT INTO kiosk_sample (kiosk, at, taps, refusals, queue, waits, temperature, signal, round_trip,"
    " clock, memory, disk)"
    " VALUES (:kiosk, :at, :taps, :refusals, :queue, :waits, :temperature, :signal, :round_trip,"
    " :clock, :memory, :disk) ON CONFLICT DO NOTHING"
)


def note_heard(kiosk: int, now: datetime) -> Call:
    """Return the call that has a zuil judged again, now that it spoke."""
    return Call(_HEARD, {"kiosk": kiosk, "now": to_millis(now)})


def keep_sample(kiosk: int, beat: Heartbeat, before: Before, now: datetime) -> Call:
    """Return the call that keeps what a heartbeat measured."""
    told = beat.telemetry or _UNKNOWN
    waits = 0 if beat.oldest is None else (to_millis(now) - beat.oldest) // 1_000
    sample = {
        "kiosk": kiosk,
        "at": to_millis(now),
        # Of a zuil that was never heard, or begins anew, it is not known when its taps were.
        "taps": _small(beat.last_seq - before.last_seq) if before.last_seq is not None else 0,
        "refusals": _small(told.refusals),
        "queue": _small(beat.queue),
        "waits": _small(waits),
        "temperature": None if told.temperature is None else round(_level(told.temperature) * 10),
        "signal": None if told.signal is None else round(_level(told.signal)),
        "round_trip": None if told.round_trip is None else _small(told.round_trip),
        "clock": clock_error(beat, now),
        "memory": None if told.memory_free is None else _small(told.memory_free),
        "disk": None if told.disk_free is None else _small(told.disk_free),
    }
    return Call(_SAMPLE, sample)


def _small(value: int) -> int:
    return max(0, min(value, _MOST_INT))


def _level(value: float) -> float:
    """Return a measure within what a meter can show; a broken one shows anything."""
    return max(-1_000.0, min(value, 1_000.0))
