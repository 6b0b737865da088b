"""POST heartbeat: how a zuil is, and what is newest for it.

Thousands of zuilen do this every minute: two trips to the database beside who is speaking.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.journal import Progress
from server.device_api.authentication import identify
from server.device_api.bodies import answer, read_body, read_message
from server.device_api.changes import current_config
from server.device_api.versions import ConfigVersions, Known
from server.feed.epoch import Cursor
from server.kernel.bulk import Bulk, Call, Statement
from server.kernel.database import Database
from server.kiosks.commands import ask_open, note_sent, read_open
from server.kiosks.contact import Before, ask_before, keep_heartbeat, read_before
from server.monitor.happenings import keep_happenings
from server.monitor.telemetry import keep_sample, note_heard
from server.releases.progress import keep_report
from shared.domain.zones import to_millis
from shared.wire.messages import Command, Heartbeat, HeartbeatAnswer

_HEAD: Final = Statement("SELECT epoch, position FROM feed_epoch WHERE id = 1")
_CONFIGS: Final = Statement(
    "SELECT CAST(keys AS text) FROM change WHERE position > :seen AND kind = 'config'"
)
_DECIDED: Final = Statement(
    "SELECT lease_days, CASE WHEN renewal_asked IS NULL THEN 0 ELSE 1 END FROM kiosk WHERE number = :kiosk"
)
_PROGRESS: Final = Statement("SELECT top_seq, through, chain FROM kiosk_journal WHERE kiosk = :kiosk")


class _Known(NamedTuple):
    """What one trip finds out."""

    head: Cursor
    lease_days: int
    renew: bool
    progress: Progress
    before: Before
    commands: list[Command]
    is_order_new: bool


async def take_heartbeat(request: Request) -> Response:
    """Keep how the zuil is and answer what is newest."""
    return await run_in_threadpool(_take, request, await read_body(request))


def _take(request: Request, body: bytes) -> Response:
    database: Database = request.app.state.database
    now = datetime.now(UTC)
    with database.writing() as session:
        kiosk = identify(session, request, body)
        beat = read_message(request, body, Heartbeat)
        bulk = Bulk(session)
        known = _read(bulk, request.app.state.config_versions, kiosk, now)
        config = _config(session, request, kiosk, beat.config)
        # A zuil that has not read its configuration yet goes by an older one, with another lease perhaps.
        longest = config.lease_days if beat.config == config.version else known.before.lease_days
        lease = max(known.lease_days, longest)
        address = request.client.host if request.client else ""
        bulk.run_all(
            [
                keep_heartbeat(kiosk, beat, now, lease_days=lease, address=address),
                note_heard(kiosk, now),
                keep_sample(kiosk, beat, known.before, now),
                *keep_happenings(kiosk, beat, known.before, now),
                *([note_sent(kiosk, now)] if known.is_order_new else []),
                *_release_calls(kiosk, beat, known.before, now),
            ]
        )
        answered = HeartbeatAnswer(
            now=to_millis(now),
            config=config.version,
            cursor=str(known.head),
            resend_from=_resend_from(known.progress, beat),
            renew=known.renew,
            commands=known.commands,
        )
    return answer(request, answered)


def _release_calls(kiosk: int, beat: Heartbeat, before: Before, now: datetime) -> list[Call]:
    """Return what keeps how far a zuil is with a release, when that is not what it said before."""
    if beat.release is None or msgspec.to_builtins(beat.release) == before.release:
        return []
    return [keep_report(kiosk, beat.release, now)]


def _read(bulk: Bulk, versions: ConfigVersions, kiosk: int, now: datetime) -> _Known:
    one = {"kiosk": kiosk}
    # The head first: what is at or before it is then among the changes, if it was not seen before.
    head, changed, decided, progress, before, ordered = bulk.run_all(
        [
            Call(_HEAD),
            Call(_CONFIGS, {"seen": versions.seen}),
            Call(_DECIDED, one),
            Call(_PROGRESS, one),
            ask_before(kiosk),
            ask_open(kiosk, now),
        ]
    )
    newest = Cursor(*head[0])
    versions.follow(newest, (keys for (keys,) in changed))
    journal = Progress(*progress[0]) if progress else Progress(0, 0, "")
    lease_days, asked = decided[0]
    return _Known(newest, lease_days, bool(asked), journal, read_before(before), *read_open(ordered))


def _config(session: Session, request: Request, kiosk: int, has: str) -> Known:
    """Return the version for a zuil that `has` one: what agrees is right, what differs is composed anew."""
    versions: ConfigVersions = request.app.state.config_versions
    known = versions.get(kiosk)
    if known is None or known.version != has:
        config = current_config(session, request, kiosk)
        known = versions.put(kiosk, config.version, config.lease_days)
    return known


def _resend_from(progress: Progress, beat: Heartbeat) -> int | None:
    """Ask again for what the zuil handed in and this database does not have (a restored backup)."""
    handed_in = beat.last_seq - beat.queue
    if handed_in > progress.through:
        return progress.through + 1
    return progress.resend_from
