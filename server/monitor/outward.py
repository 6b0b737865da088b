"""What machines ask of us: `/readyz` for a load balancer, `/metrics` for Prometheus.

The figures name no person, no zuil and no place; still they are for the operator alone.
"""

from __future__ import annotations

import hmac
import resource
import time
from collections.abc import Iterator
from typing import Final

import psycopg
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from server.feed.epoch import head
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from server.kernel.outbox import waiting_mails
from server.kiosks.models import Kiosk, KioskLive, KioskState
from server.monitor.models import Incident, KioskWatch, ListeningPulse, WebhookCall
from server.monitor.webhook import NEVER
from server.settings import Settings

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_HERE: Final = frozenset({"127.0.0.1", "::1", "testclient"})
_WATCHED_MILLIS: Final = 60_000


def show_ready(request: Request) -> Response:
    """Say whether this process can work: the database answers, and somebody watches the zuilen."""
    database: Database = request.app.state.database
    try:
        with database.reading() as session:
            pulse = session.get(ListeningPulse, 1)
    except (SQLAlchemyError, psycopg.Error):
        return PlainTextResponse("the database does not answer\n", status_code=503)
    if pulse is None or _now() - pulse.last > _WATCHED_MILLIS:
        return PlainTextResponse("nobody watches the zuilen\n", status_code=503)
    return PlainTextResponse("ready\n")


def show_metrics(request: Request) -> Response:
    """Answer with the figures of this moment, as Prometheus reads them."""
    _require_operator(request)
    database: Database = request.app.state.database
    with database.reading() as session:
        groups = [*_fleet(session), *_alerts(session), *_process(request, session)]
    return Response("".join(map(_text, groups)), media_type=_TYPE)


def _require_operator(request: Request) -> None:
    """Let in who has the token; without a token, only this very machine.

    Raises:
        ProblemError: 403.
    """
    settings: Settings = request.app.state.settings
    if settings.metrics_token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if hmac.compare_digest(given.encode(), settings.metrics_token.encode()):
            return
    elif request.client and request.client.host in _HERE and "x-forwarded-for" not in request.headers:
        return
    raise ProblemError(403, "The figures are for the operator.")


class _Group:
    """One measure with its samples."""

    def __init__(self, name: str, kind: str, about: str, samples: list[tuple[dict[str, str], float]]) -> None:
        self.name = name
        self.kind = kind
        self.about = about
        self.samples = samples


def _fleet(session: Session) -> Iterator[_Group]:
    states = session.exec(
        select(KioskWatch.state, KioskWatch.excuse, func.count()).group_by(
            col(KioskWatch.state), col(KioskWatch.excuse)
        )
    )
    yield _Group(
        "zuil_kiosks",
        "gauge",
        "Zuilen by state, and by why that is no alarm.",
        [({"state": state, "excuse": excuse}, count) for state, excuse, count in states],
    )
    # What is out of use, or was replaced, is no part of the field; what it last said stays.
    in_use = select(KioskLive.kiosk).join(Kiosk).where(col(Kiosk.state) != KioskState.REMOVED)
    lives = col(KioskLive.kiosk).in_(in_use)
    versions = session.exec(
        select(KioskLive.version, func.count()).where(lives).group_by(col(KioskLive.version))
    )
    yield _Group(
        "zuil_kiosk_versions",
        "gauge",
        "Zuilen by the version they last said.",
        [({"version": version}, count) for version, count in versions],
    )
    queued, oldest = session.execute(
        select(func.sum(KioskLive.queue), func.min(KioskLive.oldest)).where(lives)
    ).one()
    yield _one("zuil_queued_taps", "Taps that zuilen have yet to hand in, as they last said.", queued or 0)
    age = (_now() - oldest) / 1_000 if oldest and queued else 0
    yield _one("zuil_oldest_tap_seconds", "Age of the oldest tap not yet handed in.", max(0, age))


def _alerts(session: Session) -> Iterator[_Group]:
    incidents = session.exec(
        select(Incident.state, func.count())
        .where(col(Incident.closed).is_(None))
        .group_by(col(Incident.state))
    )
    yield _Group(
        "zuil_incidents_open",
        "gauge",
        "What is wrong now, by its state.",
        [({"state": state}, count) for state, count in incidents],
    )
    waiting, lost = waiting_mails(session)
    yield _one("zuil_mails_waiting", "Mails that have yet to leave.", waiting)
    yield _one("zuil_mails_given_up", "Mails that no server took.", lost)
    open_calls = (col(WebhookCall.sent).is_(None), col(WebhookCall.due) < NEVER)
    calls = session.scalar(select(func.count()).where(*open_calls)) or 0
    yield _one("zuil_webhook_calls_waiting", "Webhook calls that have yet to be taken.", calls)


def _process(request: Request, session: Session) -> Iterator[_Group]:
    yield _one(
        "zuil_feed_position", "The newest place in the change feed.", head(session).position, "counter"
    )
    yield _one("zuil_streams", "Event streams of zuilen that this process holds.", len(request.app.state.hub))
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield _one(
        "process_cpu_seconds_total", "CPU time of this process.", used.ru_utime + used.ru_stime, "counter"
    )
    yield _one("process_resident_memory_max_bytes", "Most memory it ever held.", used.ru_maxrss * 1024)


def _one(name: str, about: str, value: float, kind: str = "gauge") -> _Group:
    return _Group(name, kind, about, [({}, value)])


def _text(group: _Group) -> str:
    lines = [f"# HELP {group.name} {group.about}", f"# TYPE {group.name} {group.kind}"]
    for labels, value in group.samples:
        inside = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
        lines.append(f"{group.name}{{{inside}}} {value:g}" if inside else f"{group.name} {value:.15g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _now() -> int:
    return time.time_ns() // 1_000_000
