"""Judge the zuilen whose time has come: read in one statement, decided by pure rules, written in two.

One process at a time judges: PostgreSQL holds an advisory lock until the commit, SQLite has one
writer. A zuil that speaks meanwhile keeps its own news and is judged at the next turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import msgspec
from sqlmodel import Session

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import database_of
from server.kiosks.models import KioskState
from server.monitor.rules import DEFAULTS, all_thresholds, read_hours
from shared.domain.watching import (
    NEVER,
    Cause,
    Excuse,
    Facts,
    Judgement,
    Memory,
    Noticed,
    State,
    Thresholds,
    judge,
)
from shared.wire.messages import Clock, Heartbeat, Telemetry

MOST: Final = 1_000
GAP_MILLIS: Final = 30_000
"""When nobody judged for so long, nobody listened either."""
_LOCK_KEY: Final = 0x7761746368  # "watch"
_IN_USE: Final = frozenset({KioskState.ACTIVE, KioskState.BLOCKED})
_NO_BEAT: Final = Heartbeat(clock=Clock(wall=0, monotonic=0, boot=""), version="", queue=0)
_NO_TELEMETRY: Final = Telemetry()

_LOCK: Final = Statement("SELECT pg_try_advisory_xact_lock(:key)")
_ANY: Final = Statement("SELECT 1 FROM kiosk_watch WHERE due <= :now LIMIT 1")
_PULSE: Final = Statement(
    "INSERT INTO listening_pulse (id, since, last) VALUES (1, :now, :now) ON CONFLICT (id) DO UPDATE SET"
    " since = CASE WHEN listening_pulse.last < excluded.last - :gap THEN excluded.since"
    " ELSE listening_pulse.since END,"
    " last = CASE WHEN listening_pulse.last > excluded.last THEN listening_pulse.last ELSE excluded.last END"
)
_LISTENING: Final = Statement("SELECT since FROM listening_pulse WHERE id = 1")
_JOIN: Final = Statement(
    "INSERT INTO kiosk_watch (kiosk, due, heard, state, excuse, causes, since, memory)"
    " SELECT k.number, 0, :now, 'ok', '', '', :now, '{}' FROM kiosk k"
    " WHERE k.state IN ('active', 'blocked')"
    " AND NOT EXISTS (SELECT 1 FROM kiosk_watch w WHERE w.kiosk = k.number) ON CONFLICT DO NOTHING"
)
_DUE: Final = Statement(
    "SELECT w.kiosk, w.due, w.heard, w.hung_up, w.state, w.excuse, w.causes, w.since, w.memory,"
    " k.state AS life, CAST(l.heartbeat AS text), l.clock_offset_ms, h.calendar,"
    " (SELECT MIN(s.card_system_id) FROM kiosk_counter c"
    "  JOIN counter_card_system s ON s.counter_id = c.counter_id"
    # Of its card systems the first that chose any rules.
    "  JOIN watch_rules r ON r.card_system_id = s.card_system_id WHERE c.kiosk = w.kiosk),"
    " (SELECT MAX(m.ends) FROM maintenance m WHERE m.kiosk = w.kiosk AND m.starts <= :now AND m.ends > :now),"
    " (SELECT MIN(m.starts) FROM maintenance m WHERE m.kiosk = w.kiosk AND m.starts > :now)"
    " FROM kiosk_watch w JOIN kiosk k ON k.number = w.kiosk"
    " LEFT JOIN kiosk_live l ON l.kiosk = w.kiosk LEFT JOIN kiosk_hours h ON h.kiosk = w.kiosk"
    " WHERE w.due <= :now ORDER BY w.due LIMIT :most"
)
_KEEP: Final = Statement(
    "UPDATE kiosk_watch SET due = rows.due, state = rows.state, excuse = rows.excuse, causes = rows.causes,"
    " since = rows.since, memory = rows.memory FROM {rows} WHERE kiosk_watch.kiosk = rows.kiosk"
    " AND kiosk_watch.due = rows.was_due AND kiosk_watch.heard = rows.heard"
    " AND COALESCE(kiosk_watch.hung_up, 0) = rows.hung_up RETURNING kiosk_watch.kiosk",
    kiosk="bigint",
    was_due="bigint",
    heard="bigint",
    hung_up="bigint",
    due="bigint",
    state="text",
    excuse="text",
    causes="text",
    since="bigint",
    memory="text",
)
_NOTE: Final = Statement(
    "INSERT INTO kiosk_transition (kiosk, at, state, excuse, causes)"
    " SELECT kiosk, at, state, excuse, causes FROM {rows}",
    kiosk="bigint",
    at="bigint",
    state="text",
    excuse="text",
    causes="text",
)
_DROP: Final = Statement(
    "DELETE FROM kiosk_watch WHERE kiosk IN (SELECT rows.kiosk FROM {rows})", kiosk="bigint"
)


class Changed(NamedTuple):
    """A zuil whose state, excuse or causes changed."""

    kiosk: int
    before: State
    state: State
    excuse: Excuse
    causes: tuple[Cause, ...]


class _Row(NamedTuple):
    """A zuil that is due, as `_DUE` gives it."""

    kiosk: int
    due: int
    heard: int
    hung_up: int | None
    state: str
    excuse: str
    causes: str
    since: int
    memory: str
    life: str
    heartbeat: str | None
    offset: int | None
    calendar: str | None
    system: int | None
    maintenance_until: int | None
    maintenance_from: int | None


def is_any_due(session: Session, now: int) -> bool:
    """Tell whether there is anything to do; costs one look in an index."""
    return bool(Bulk(session).run(_ANY, {"now": now}))


def alone(session: Session) -> bool:
    """Hold every other process off until the commit; False when another one judges right now."""
    if not database_of(session).is_postgresql:
        return True
    return bool(Bulk(session).run(_LOCK, {"key": _LOCK_KEY})[0][0])


def keep_listening(session: Session, now: int) -> None:
    """Note that this installation listens, and watch zuilen that are in use and are not watched yet."""
    bulk = Bulk(session)
    bulk.run(_PULSE, {"now": now, "gap": GAP_MILLIS})
    bulk.run(_JOIN, {"now": now})


def judge_due(session: Session, now: int) -> tuple[int, list[Changed]]:
    """Judge at most `MOST` zuilen whose time has come; return how many, and what changed."""
    bulk = Bulk(session)
    rows = [_Row(*found) for found in bulk.run(_DUE, {"now": now, "most": MOST})]
    listening = bulk.run(_LISTENING)
    since = int(listening[0][0]) if listening else 0
    chosen = all_thresholds(session)
    judged = [(row, _judge(row, chosen, since, now)) for row in rows if row.life in _IN_USE]
    gone = [(row.kiosk,) for row in rows if row.life not in _IN_USE]
    if gone:
        bulk.run(_DROP, rows=gone)
    return len(rows), _keep(bulk, judged, now)


def _judge(row: _Row, chosen: Mapping[int, Thresholds], listening: int, now: int) -> Judgement:
    verdict = judge(
        facts_of(row, listening),
        _read_memory(row.memory),
        chosen.get(row.system or 0, DEFAULTS),
        now,
        openings=read_hours(row.calendar) if row.calendar else None,
        maintenance_until=row.maintenance_until,
    )
    return replace(verdict, again=min(verdict.again, row.maintenance_from or NEVER))


def facts_of(row: _Row, listening: int) -> Facts:
    """Return what is known of a zuil, in the words of the rules."""
    beat = msgspec.json.decode(row.heartbeat, type=Heartbeat) if row.heartbeat else _NO_BEAT
    told = beat.telemetry or _NO_TELEMETRY
    return Facts(
        heard=row.heard,
        listening=listening,
        hung_up=row.hung_up,
        lost=row.since if row.state == State.OFFLINE else None,
        blocked=row.life == KioskState.BLOCKED,
        reader=beat.reader,
        display=beat.display,
        faults=tuple(beat.faults),
        # Until the clock is right, the age of a tap says nothing.
        oldest=beat.oldest if beat.queue else None,
        offset=row.offset or 0,
        temperature=told.temperature,
        signal=told.signal,
        disk_free=told.disk_free,
        wear=told.wear,
        followed=told.followed,
        taps=told.taps,
        refusals=told.refusals,
    )


def _keep(bulk: Bulk, judged: Sequence[tuple[_Row, Judgement]], now: int) -> list[Changed]:
    if not judged:
        return []
    kept = {kiosk for (kiosk,) in bulk.run(_KEEP, rows=[_kept(row, verdict, now) for row, verdict in judged])}
    changed = [
        Changed(row.kiosk, State(row.state), verdict.state, verdict.excuse, verdict.causes)
        for row, verdict in judged
        if row.kiosk in kept
        and (row.state, row.excuse, row.causes) != (verdict.state, verdict.excuse, ",".join(verdict.causes))
    ]
    if changed:
        notes = [(one.kiosk, now, one.state, one.excuse, ",".join(one.causes)) for one in changed]
        bulk.run(_NOTE, rows=notes)
    return changed


def _kept(row: _Row, verdict: Judgement, now: int) -> tuple[Any, ...]:
    is_same = (row.state, row.excuse) == (verdict.state, verdict.excuse)
    return (
        row.kiosk,
        row.due,
        row.heard,
        row.hung_up or 0,
        verdict.again,
        str(verdict.state),
        str(verdict.excuse),
        ",".join(verdict.causes),
        row.since if is_same else now,
        _write_memory(verdict.memory),
    )


def _read_memory(text: str) -> Memory:
    return {Cause(name): Noticed(*noticed) for name, noticed in msgspec.json.decode(text).items()}


def _write_memory(memory: Memory) -> str:
    return msgspec.json.encode({str(cause): list(noticed) for cause, noticed in memory.items()}).decode()
