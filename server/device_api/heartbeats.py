"""POST heartbeat: how a zuil is, and what is newest for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.journal import Progress, progress_of
from server.device_api.authentication import identify
from server.device_api.bodies import answer, read_body, read_message
from server.device_api.changes import current_config
from server.feed.epoch import head
from server.kernel.database import Database
from server.kiosks.models import Kiosk, KioskLive
from shared.wire.messages import Heartbeat, HeartbeatAnswer

MOST_TEXT: Final = 64
MOST_BIGINT: Final = 1 << 62


async def take_heartbeat(request: Request) -> Response:
    """Keep how the zuil is and answer what is newest."""
    return await run_in_threadpool(_take, request, await read_body(request))


def _take(request: Request, body: bytes) -> Response:
    database: Database = request.app.state.database
    now = time.time_ns() // 1_000_000
    with database.writing() as session:
        kiosk = identify(session, request, body)
        beat = read_message(request, body, Heartbeat)
        config = current_config(session, request, kiosk)
        live = _keep(session, kiosk, beat, now, request.client.host if request.client else "")
        # A zuil that has not read its configuration yet goes by an older one, with another lease perhaps.
        longest = config.lease_days if beat.config == config.version else live.lease_days or 0
        live.lease_days = max(config.lease_days, longest)
        answered = HeartbeatAnswer(
            now=now,
            config=config.version,
            cursor=str(head(session)),
            resend_from=_resend_from(progress_of(session, kiosk), beat),
            renew=session.get_one(Kiosk, kiosk).renewal_asked is not None,
        )
    return answer(request, answered)


def _keep(session: Session, kiosk: int, beat: Heartbeat, now: int, address: str) -> KioskLive:
    live = session.get(KioskLive, kiosk) or KioskLive(kiosk=kiosk, last_contact=datetime.now(UTC))
    live.last_contact = datetime.now(UTC)
    live.heartbeat = msgspec.to_builtins(beat)
    live.queue = max(0, min(beat.queue, (1 << 31) - 1))
    live.oldest = None if beat.oldest is None else _bounded(beat.oldest)
    live.event_id = beat.event[:MOST_TEXT] if beat.event else None
    live.clock_offset_ms = _bounded(now - beat.clock.wall - (beat.clock.offset or 0))
    live.version = beat.version[:MOST_TEXT]
    live.address = address
    live.hung_up = None
    session.add(live)
    return live


def _bounded(value: int) -> int:
    return max(-MOST_BIGINT, min(value, MOST_BIGINT))


def _resend_from(progress: Progress, beat: Heartbeat) -> int | None:
    """Ask again for what the zuil handed in and this database does not have (a restored backup)."""
    handed_in = beat.last_seq - beat.queue
    if handed_in > progress.through:
        return progress.through + 1
    return progress.resend_from
