"""Who is to be told of what, and when: wishes of people, quiet hours of card systems, escalation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

import msgspec
from sqlmodel import Session, select

from server.kernel.bulk import Bulk, Statement
from server.monitor.models import WatchRules
from shared.domain.zones import BRUSSELS, from_millis, local_day, local_instant, to_millis

COLLECT_MILLIS: Final = 30_000
"""A mail waits so long for its neighbours: what breaks together is told together."""
MORNING: Final = time(7, 0)
ESCALATE_MINUTES: Final = 60


class Moment(StrEnum):
    """What there is to tell of an incident."""

    OPENED = "opened"
    WORSE = "worse"
    ESCALATED = "escalated"
    CLOSED = "closed"


class Rhythm(StrEnum):
    """How soon someone wants to hear."""

    NOW = "now"
    DAILY = "daily"


NEVER: Final = "never"
"""The rhythm of who wants nothing of one card system, and something of all the others."""

# What somebody chose for one card system goes before what he chose for all.
# A zuil of no counter, or of one in no card system yet, concerns who looks after everything.
_WISHES: Final = Statement(
    "SELECT DISTINCT m.incident_id, a.staff_id, a.rhythm, a.language, s.card_system_id FROM {rows}"
    " JOIN incident i ON i.id = rows.incident JOIN incident_kiosk m ON m.incident_id = i.id"
    " LEFT JOIN kiosk_counter c ON c.kiosk = m.kiosk"
    " LEFT JOIN counter_card_system s ON s.counter_id = c.counter_id"
    " JOIN alert_wish a ON a.state = i.state AND a.rhythm <> 'never'"
    "  AND (a.card_system_id = s.card_system_id OR a.card_system_id IS NULL AND NOT EXISTS ("
    "   SELECT 1 FROM alert_wish o WHERE o.staff_id = a.staff_id AND o.state = a.state"
    "    AND o.card_system_id = s.card_system_id))"
    " JOIN staff f ON f.id = a.staff_id AND f.email IS NOT NULL AND f.email <> ''"
    " WHERE EXISTS (SELECT 1 FROM staff_role r WHERE r.staff_id = a.staff_id AND"
    "  (r.role = 'admin' OR (r.role IN ('ksb', 'technician') AND r.card_system_id = s.card_system_id)))",
    incident="bigint",
)
_RESPONSIBLE: Final = Statement(
    "SELECT DISTINCT m.incident_id, f.id, 'now', COALESCE(("
    "  SELECT MIN(a.language) FROM alert_wish a WHERE a.staff_id = f.id), 'nl'), s.card_system_id"
    " FROM {rows} JOIN incident_kiosk m ON m.incident_id = rows.incident"
    " LEFT JOIN kiosk_counter c ON c.kiosk = m.kiosk"
    " LEFT JOIN counter_card_system s ON s.counter_id = c.counter_id"
    " JOIN staff_role r ON r.role IN ('ksb', 'technician') AND r.card_system_id = s.card_system_id"
    "  OR r.role = 'admin' AND s.card_system_id IS NULL"
    " JOIN staff f ON f.id = r.staff_id AND f.email IS NOT NULL AND f.email <> ''",
    incident="bigint",
)
_NOTICE: Final = Statement(
    "INSERT INTO notice (incident_id, staff_id, moment, rhythm, language, due)"
    " SELECT incident, staff, :moment, rhythm, language, due FROM {rows} WHERE true ON CONFLICT DO NOTHING",
    incident="bigint",
    staff="bigint",
    rhythm="text",
    language="text",
    due="bigint",
)
_TOLD: Final = Statement(
    "SELECT DISTINCT n.incident_id, n.staff_id, n.rhythm, n.language, 0 FROM {rows}"
    " JOIN notice n ON n.incident_id = rows.incident"
    " WHERE n.moment <> 'closed' AND (n.mail_id IS NOT NULL OR n.rhythm = 'daily')",
    incident="bigint",
)
_UNTELL: Final = Statement(
    "DELETE FROM notice WHERE mail_id IS NULL AND rhythm = 'now'"
    " AND incident_id IN (SELECT rows.incident FROM {rows})",
    incident="bigint",
)
_SNOOZED: Final = Statement(
    "SELECT i.id FROM {rows} JOIN incident i ON i.id = rows.incident WHERE i.snoozed_until > :now",
    incident="bigint",
)
_HOOK: Final = Statement(
    "INSERT INTO webhook_call (incident_id, moment, body, due, attempts, error)"
    " SELECT incident, :moment, body, :now, 0, '' FROM {rows}",
    incident="bigint",
    body="text",
)
_HOOKS: Final = Statement(
    "INSERT INTO webhook_call (card_system_id, incident_id, moment, body, due, attempts, error)"
    " SELECT DISTINCT h.card_system_id, rows.incident, CAST(:moment AS text), rows.body,"
    " CAST(:now AS bigint), 0, ''"
    " FROM {rows} JOIN incident_kiosk m ON m.incident_id = rows.incident"
    " JOIN kiosk_counter c ON c.kiosk = m.kiosk JOIN counter_card_system s ON s.counter_id = c.counter_id"
    " JOIN alert_webhook h ON h.card_system_id = s.card_system_id WHERE h.is_on"
    " AND NOT EXISTS (SELECT 1 FROM webhook_call w WHERE w.card_system_id = h.card_system_id"
    "  AND w.incident_id = rows.incident AND w.moment = :moment)",
    incident="bigint",
    body="text",
)
_TELLING: Final = Statement(
    "SELECT i.id, i.scope, i.key, i.state, i.cause, i.kiosks, i.opened, i.closed FROM {rows}"
    " JOIN incident i ON i.id = rows.incident",
    incident="bigint",
)
_LATE: Final = Statement(
    "UPDATE incident SET escalated_at = :now WHERE closed IS NULL AND acknowledged_at IS NULL"
    " AND escalated_at IS NULL AND state IN ('error', 'offline')"
    " AND (snoozed_until IS NULL OR snoozed_until <= :now)"
    " AND opened <= :now - 60000 * COALESCE((SELECT MIN(CASE w.escalate WHEN 0 THEN 100000000"
    "  ELSE w.escalate END) FROM incident_kiosk m JOIN kiosk_counter c ON c.kiosk = m.kiosk"
    "  JOIN counter_card_system s ON s.counter_id = c.counter_id"
    "  JOIN watch_rules w ON w.card_system_id = s.card_system_id WHERE m.incident_id = incident.id), :usual)"
    " RETURNING id"
)
_ESCALATED: Final = Statement(
    "INSERT INTO incident_note (incident_id, at, deed, text) SELECT incident, :now, 'escalated', ''"
    " FROM {rows}",
    incident="bigint",
)


class _Target(NamedTuple):
    """Someone who is to hear of an incident, because of one card system; None: of zuilen that are in none."""

    incident: int
    staff: int
    rhythm: str
    language: str
    system: int | None


def tell(session: Session, incidents: Sequence[int], moment: Moment, now: int) -> None:
    """Write down who is to be told of a moment of these incidents, and post it to the webhooks."""
    bulk = Bulk(session)
    rows = [(one,) for one in incidents]
    calls = _calls(bulk, incidents, moment, now)
    scalars = {"now": now, "moment": str(moment)}
    bulk.run(_HOOK, scalars, calls)
    bulk.run(_HOOKS, scalars, calls)
    if moment is Moment.CLOSED:
        # Who was not told yet that it began need not hear that it is over.
        bulk.run(_UNTELL, rows=rows)
        targets = bulk.run(_TOLD, rows=rows)
    elif moment is Moment.ESCALATED:
        targets = bulk.run(_RESPONSIBLE, rows=rows)
    else:
        quiet = {one for (one,) in bulk.run(_SNOOZED, {"now": now}, rows)}
        targets = [row for row in bulk.run(_WISHES, rows=rows) if row[0] not in quiet]
    if targets:
        _write(session, [_Target(*row) for row in targets], moment, now)


def tell_joined(session: Session, incidents: Sequence[int], now: int) -> None:
    """Tell of incidents that grew whoever was not told of them before: zuilen of his joined."""
    bulk = Bulk(session)
    bulk.run(
        _HOOKS,
        {"now": now, "moment": str(Moment.OPENED)},
        _calls(bulk, incidents, Moment.OPENED, now),
    )
    rows = [(one,) for one in incidents]
    quiet = {one for (one,) in bulk.run(_SNOOZED, {"now": now}, rows)}
    targets = [_Target(*row) for row in bulk.run(_WISHES, rows=rows) if row[0] not in quiet]
    if targets:
        # A notice of one moment to one person stands once.
        _write(session, targets, Moment.OPENED, now)


def _calls(bulk: Bulk, incidents: Sequence[int], moment: Moment, now: int) -> list[tuple[int, str]]:
    """Return each incident with what a webhook is told of it."""
    found = bulk.run(_TELLING, rows=[(one,) for one in incidents])
    return [(int(row[0]), _body(row, moment, now)) for row in found]


def escalate(session: Session, now: int) -> None:
    """Tell everyone responsible of the incidents that nobody acknowledged in time."""
    bulk = Bulk(session)
    late = [one for (one,) in bulk.run(_LATE, {"now": now, "usual": ESCALATE_MINUTES})]
    if late:
        bulk.run(_ESCALATED, {"now": now}, [(one,) for one in late])
        tell(session, late, Moment.ESCALATED, now)


def _write(session: Session, targets: Sequence[_Target], moment: Moment, now: int) -> None:
    """Keep one notice for each person and incident, the soonest of those that the wishes ask."""
    rules = {rules.card_system_id: rules for rules in session.exec(select(WatchRules))}
    soonest: dict[tuple[int, int], tuple[int, str, str]] = {}
    for target in targets:
        due = due_at(now, Rhythm(target.rhythm), rules.get(target.system or 0))
        key, found = (target.incident, target.staff), (due, target.rhythm, target.language)
        soonest[key] = min(soonest.get(key, found), found)
    rows = [
        (incident, staff, rhythm, language, due)
        for (incident, staff), (due, rhythm, language) in soonest.items()
    ]
    Bulk(session).run(_NOTICE, {"moment": str(moment)}, rows)


def due_at(now: int, rhythm: Rhythm, rules: WatchRules | None) -> int:
    """Return when a notice may leave: after its neighbours came, in the morning, or after the quiet hours."""
    at = from_millis(now)
    if rhythm is Rhythm.DAILY:
        morning = local_instant(local_day(at), MORNING)
        return to_millis(morning if at < morning else local_instant(local_day(at) + timedelta(1), MORNING))
    if rules is None or not rules.quiet_from or not rules.quiet_until:
        return now + COLLECT_MILLIS
    return max(now + COLLECT_MILLIS, _after_quiet(at, rules))


def _after_quiet(at: datetime, rules: WatchRules) -> int:
    """Return the end of the quiet hours that hold at this moment, 0 when none do."""
    begin, end = time.fromisoformat(rules.quiet_from), time.fromisoformat(rules.quiet_until)
    clock = at.astimezone(BRUSSELS).time()
    today = local_day(at)
    if begin <= end:
        return to_millis(local_instant(today, end)) if begin <= clock < end else 0
    if clock >= begin:
        return to_millis(local_instant(today + timedelta(1), end))
    return to_millis(local_instant(today, end)) if clock < end else 0


def _body(row: Sequence[object], moment: Moment, now: int) -> str:
    names = ("id", "scope", "key", "state", "cause", "kiosks", "opened", "closed")
    told: Mapping[str, object] = dict(zip(names, row, strict=True))
    return msgspec.json.encode({"moment": str(moment), "at": now, "incident": told}).decode()
