"""When a zuil spoke, and whether it listens: in the database, so that every process knows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import update
from sqlmodel import Session, col

from server.kernel.bulk import Call, Statement
from server.kernel.database import Database
from server.kiosks.models import KioskLive
from server.monitor.models import KioskWatch
from shared.domain.zones import to_millis
from shared.wire.messages import Heartbeat

MOST_TEXT: Final = 64
_MOST_BIGINT: Final = 1 << 62
_MOST_INT: Final = (1 << 31) - 1

_BEFORE: Final = Statement("SELECT lease_days, CAST(heartbeat AS text) FROM kiosk_live WHERE kiosk = :kiosk")
_KEEP: Final = Statement(
    "INSERT INTO kiosk_live (kiosk, last_contact, heartbeat, queue, oldest, event_id, clock_offset_ms,"
    " version, lease_days, address, hung_up)"
    " VALUES (:kiosk, :at, :heartbeat, :queue, :oldest, :event, :clock, :version, :lease, :address, NULL)"
    " ON CONFLICT (kiosk) DO UPDATE SET last_contact = excluded.last_contact,"
    " heartbeat = excluded.heartbeat, queue = excluded.queue, oldest = excluded.oldest,"
    " event_id = excluded.event_id, clock_offset_ms = excluded.clock_offset_ms,"
    " version = excluded.version, lease_days = excluded.lease_days, address = excluded.address,"
    " hung_up = NULL"
)


class Before(NamedTuple):
    """What the heartbeat before said, as far as the next one needs it.

    monotonic: milliseconds of the machine's clock in that boot; uptime: seconds that the program ran.
    """

    lease_days: int
    last_seq: int | None
    release: dict[str, Any] | None = None
    version: str = ""
    boot: str = ""
    monotonic: int = 0
    uptime: int = 0


def ask_before(kiosk: int) -> Call:
    """Return the call whose rows `read_before` reads."""
    return Call(_BEFORE, {"kiosk": kiosk})


def read_before(rows: list[tuple[int | None, str]]) -> Before:
    """Return what was known of a zuil before this heartbeat."""
    if not rows:
        return Before(0, None)
    lease_days, text = rows[0]
    told = msgspec.json.decode(text)
    clock = told.get("clock", {})
    return Before(
        lease_days or 0,
        told.get("last_seq", 0),
        told.get("release"),
        version=told.get("version", ""),
        boot=clock.get("boot", ""),
        monotonic=clock.get("monotonic", 0),
        uptime=told.get("uptime", 0),
    )


def keep_heartbeat(kiosk: int, beat: Heartbeat, now: datetime, *, lease_days: int, address: str) -> Call:
    """Return the call that keeps a heartbeat."""
    scalars = {
        "kiosk": kiosk,
        "at": now,
        "heartbeat": msgspec.json.encode(beat).decode(),
        "queue": max(0, min(beat.queue, _MOST_INT)),
        "oldest": None if beat.oldest is None else _bounded(beat.oldest),
        "event": beat.event[:MOST_TEXT] if beat.event else None,
        "clock": clock_error(beat, now),
        "version": beat.version[:MOST_TEXT],
        "lease": lease_days,
        "address": address,
    }
    return Call(_KEEP, scalars)


def clock_error(beat: Heartbeat, now: datetime) -> int:
    """Return how many milliseconds a zuil's idea of the time is behind ours, after its own correction."""
    return _bounded(to_millis(now) - beat.clock.wall - (beat.clock.offset or 0))


def note_hang_up(database: Database, kiosk: int) -> None:
    """Keep that the stream of a zuil closed, until it opens another or sends a heartbeat."""
    now = datetime.now(UTC)
    with database.writing() as session:
        session.execute(update(KioskLive).where(col(KioskLive.kiosk) == kiosk).values(hung_up=now))
        watch = update(KioskWatch).where(col(KioskWatch.kiosk) == kiosk)
        session.execute(watch.values(hung_up=to_millis(now), due=0))


def note_return(database: Database, kiosk: int) -> None:
    """Keep that a zuil has its stream open again."""
    with database.writing() as session:
        session.execute(update(KioskLive).where(col(KioskLive.kiosk) == kiosk).values(hung_up=None))
        note_spoken(session, kiosk, datetime.now(UTC))


def note_spoken(session: Session, kiosk: int, now: datetime) -> None:
    """Have a zuil that was just heard of judged again."""
    watch = update(KioskWatch).where(col(KioskWatch.kiosk) == kiosk)
    session.execute(watch.values(hung_up=None, heard=to_millis(now), due=0))


def judge_again(session: Session, kiosks: Collection[int]) -> None:
    """Have the states of these zuilen looked at within a second: something about them was decided."""
    session.execute(update(KioskWatch).where(col(KioskWatch.kiosk).in_(kiosks)).values(due=0))


def _bounded(value: int) -> int:
    return max(-_MOST_BIGINT, min(value, _MOST_BIGINT))
