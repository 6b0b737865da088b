"""What is wrong, one cause at a time: incidents open, grow, change and close as states do.

The transaction that changes an incident also writes who is to be told (`notices`), so nothing is
told of what did not happen, and nothing that happened goes untold.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlmodel import Session

from server.kernel.bulk import Bulk, Statement
from server.monitor.notices import Moment, tell, tell_joined
from server.monitor.rules import DEFAULTS, all_thresholds
from shared.domain.rootcause import Root, Scope, Stand, roots
from shared.domain.watching import Cause, State, Thresholds

GATHER_MILLIS: Final = 60_000
"""Silence is gathered so long, a heartbeat of the slowest neighbour, before it is known whose it is."""
_LOST: Final = Statement(
    "SELECT w.kiosk, w.state, w.causes FROM kiosk_watch w"
    " WHERE (w.state IN ('warning', 'error', 'offline') AND w.excuse = '' OR w.state = 'blocked' AND"
    # Somebody did that on purpose: it is an alert where somebody wishes to hear of it.
    "  EXISTS (SELECT 1 FROM alert_wish a WHERE a.state = 'blocked' AND a.rhythm <> 'never'"
    "   AND (a.card_system_id IS NULL OR a.card_system_id IN (SELECT s.card_system_id FROM kiosk_counter c"
    "    JOIN counter_card_system s ON s.counter_id = c.counter_id WHERE c.kiosk = w.kiosk))))"
    " AND (w.state <> 'offline' OR w.since <= :gathered)"
    " AND NOT EXISTS (SELECT 1 FROM incident_kiosk i WHERE i.kiosk = w.kiosk AND i.left_at IS NULL)"
    " ORDER BY w.kiosk"
)
_STANDS: Final = Statement(
    "SELECT w.kiosk, w.state, COALESCE(l.address, ''), c.counter_id FROM kiosk_watch w"
    " LEFT JOIN kiosk_live l ON l.kiosk = w.kiosk LEFT JOIN kiosk_counter c ON c.kiosk = w.kiosk"
    " WHERE w.excuse = '' AND w.state <> 'blocked' ORDER BY w.kiosk, c.counter_id"
)
_OVER: Final = Statement(
    "SELECT m.incident_id, m.kiosk,"
    " CASE WHEN w.excuse = '' AND w.since >= m.joined THEN w.since ELSE CAST(:now AS bigint) END,"
    " CASE WHEN i.state = 'offline' AND w.excuse = '' AND w.state <> 'blocked' THEN w.since END,"
    " (SELECT MIN(s.card_system_id) FROM kiosk_counter c"
    "  JOIN counter_card_system s ON s.counter_id = c.counter_id"
    # Of its card systems the first that chose any rules.
    "  JOIN watch_rules r ON r.card_system_id = s.card_system_id WHERE c.kiosk = m.kiosk)"
    " FROM incident_kiosk m JOIN incident i ON i.id = m.incident_id"
    " LEFT JOIN kiosk_watch w ON w.kiosk = m.kiosk WHERE m.left_at IS NULL AND"
    " (w.kiosk IS NULL OR (w.excuse <> '' AND i.state <> 'blocked')"
    "  OR (i.state IN ('offline', 'blocked') AND w.state <> i.state)"
    "  OR (i.state IN ('warning', 'error') AND w.state NOT IN ('warning', 'error')))"
)
_LEAVE: Final = Statement(
    "UPDATE incident_kiosk SET left_at = rows.ended FROM {rows}"
    " WHERE incident_kiosk.incident_id = rows.incident AND incident_kiosk.kiosk = rows.kiosk",
    incident="bigint",
    kiosk="bigint",
    ended="bigint",
)
_CLOSE: Final = Statement(
    # It was over when the last of its zuilen was fine, not when that was certain.
    "UPDATE incident SET closed = (SELECT MAX(m.left_at) FROM incident_kiosk m"
    "  WHERE m.incident_id = incident.id) WHERE closed IS NULL AND id IN (SELECT rows.incident FROM {rows})"
    " AND NOT EXISTS (SELECT 1 FROM incident_kiosk m WHERE m.incident_id = incident.id AND m.left_at IS NULL)"
    " RETURNING id",
    incident="bigint",
)
_TURNED: Final = Statement(
    "SELECT i.id, i.state, w.state AS turned, w.causes FROM incident i"
    " JOIN incident_kiosk m ON m.incident_id = i.id AND m.left_at IS NULL"
    " JOIN kiosk_watch w ON w.kiosk = m.kiosk WHERE i.closed IS NULL AND i.state IN ('warning', 'error')"
    " AND w.state IN ('warning', 'error') AND w.excuse = ''"
    " AND (w.state <> i.state OR (w.causes <> i.cause AND w.causes NOT LIKE i.cause || ',%'))"
)
_TURN: Final = Statement(
    "UPDATE incident SET state = rows.state, cause = rows.cause FROM {rows} WHERE incident.id = rows.id",
    id="bigint",
    state="text",
    cause="text",
)
_OPEN: Final = Statement(
    "INSERT INTO incident (scope, key, state, cause, kiosks, opened)"
    " SELECT scope, key, state, cause, 0, :now FROM {rows} WHERE true ON CONFLICT DO NOTHING RETURNING id",
    scope="text",
    key="text",
    state="text",
    cause="text",
)
_FIND: Final = Statement(
    "SELECT i.scope, i.key, i.id FROM {rows} JOIN incident i ON i.scope = rows.scope AND i.key = rows.key"
    " WHERE i.closed IS NULL",
    scope="text",
    key="text",
)
_ADD: Final = Statement(
    "INSERT INTO incident_kiosk (incident_id, kiosk, joined, left_at)"
    " SELECT incident, kiosk, :now, NULL FROM {rows} WHERE true"
    " ON CONFLICT (incident_id, kiosk) DO UPDATE SET left_at = NULL",
    incident="bigint",
    kiosk="bigint",
)
_COUNT: Final = Statement(
    "UPDATE incident SET kiosks = (SELECT COUNT(*) FROM incident_kiosk m WHERE m.incident_id = incident.id)"
    " WHERE id IN (SELECT rows.incident FROM {rows})",
    incident="bigint",
)
_SINCE: Final = Statement(
    # It began when the first of its zuilen came into this state, not when it was known whose fault it is.
    "UPDATE incident SET opened = COALESCE((SELECT MIN(w.since) FROM incident_kiosk m"
    "  JOIN kiosk_watch w ON w.kiosk = m.kiosk"
    "  WHERE m.incident_id = incident.id AND w.since <= :now), opened)"
    " WHERE state = 'offline' AND id IN (SELECT rows.incident FROM {rows})",
    incident="bigint",
)
_NOTE: Final = Statement(
    "INSERT INTO incident_note (incident_id, at, deed, text) SELECT incident, :now, deed, '' FROM {rows}",
    incident="bigint",
    deed="text",
)


class _New(NamedTuple):
    """What an incident begins as."""

    root: Root
    state: State
    cause: Cause


def follow_states(session: Session, now: int) -> None:
    """Bring the incidents in line with the states of this moment (ms UTC)."""
    bulk = Bulk(session)
    closed = _leave(bulk, all_thresholds(session), now)
    worse = _turn(bulk)
    opened, grown = _join(bulk, now)
    for ids, moment in ((closed, Moment.CLOSED), (worse, Moment.WORSE), (opened, Moment.OPENED)):
        if ids:
            bulk.run(_NOTE, {"now": now}, [(one, str(moment)) for one in ids])
            tell(session, ids, moment, now)
    if grown:
        tell_joined(session, grown, now)


def _leave(bulk: Bulk, chosen: Mapping[int, Thresholds], now: int) -> list[int]:
    """Let zuilen leave what is over for them; return the incidents that are over."""
    found = bulk.run(_OVER, {"now": now})
    if not found:
        return []
    over = [
        (incident, kiosk, since)
        for incident, kiosk, since, back, system in found
        if back is None or now - back >= _stays(chosen.get(system or 0, DEFAULTS))
    ]
    if not over:
        return []
    bulk.run(_LEAVE, rows=over)
    touched = [(one,) for one in sorted({incident for incident, *_ in over})]
    return [one for (one,) in bulk.run(_CLOSE, rows=touched)]


def _stays(thresholds: Thresholds) -> int:
    """Return how long a zuil that is back must stay, in milliseconds.

    Longer than silence takes to be noticed: a line that flaps is one incident.
    """
    return (thresholds.recover + thresholds.silent) * 1_000


def _turn(bulk: Bulk) -> list[int]:
    """Give incidents of one zuil its present state and cause; return those that got worse."""
    turned = bulk.run(_TURNED)
    if turned:
        bulk.run(_TURN, rows=[(one, state, causes.split(",")[0]) for one, _, state, causes in turned])
    return [one for one, before, state, _ in turned if (before, state) == (State.WARNING, State.ERROR)]


def _join(bulk: Bulk, now: int) -> tuple[list[int], list[int]]:
    """Put zuilen that are wrong into the incident of their root; return what began and what grew."""
    lost = bulk.run(_LOST, {"gathered": now - GATHER_MILLIS})
    if not lost:
        return [], []
    wanted = _roots(bulk, lost)
    rows = [
        (str(new.root.scope), new.root.key, str(new.state), str(new.cause))
        for new in dict.fromkeys(wanted.values())
    ]
    opened = [one for (one,) in bulk.run(_OPEN, {"now": now}, rows)]
    found = {
        (scope, key): one
        for scope, key, one in bulk.run(_FIND, rows=[(scope, key) for scope, key, *_ in rows])
    }
    members = [(found[str(new.root.scope), new.root.key], kiosk) for kiosk, new in wanted.items()]
    bulk.run(_ADD, {"now": now}, members)
    touched = sorted({incident for incident, _ in members})
    bulk.run(_COUNT, rows=[(one,) for one in touched])
    if opened:
        bulk.run(_SINCE, {"now": now}, [(one,) for one in opened])
    return opened, [one for one in touched if one not in set(opened)]


def _roots(bulk: Bulk, lost: Sequence[tuple[int, str, str]]) -> Mapping[int, _New]:
    """Return the incident each zuil belongs to: silence may share a root, anything else is a zuil's own."""
    own = {
        kiosk: _New(Root(Scope.KIOSK, str(kiosk)), State(state), Cause(causes.split(",")[0]))
        for kiosk, state, causes in lost
    }
    silent = {kiosk for kiosk, new in own.items() if new.state is State.OFFLINE}
    if not silent:
        return own
    stands, gone = _stands(bulk)
    shared = roots(gone, stands)
    return own | {kiosk: own[kiosk]._replace(root=shared[kiosk]) for kiosk in silent if kiosk in shared}


def _stands(bulk: Bulk) -> tuple[list[Stand], set[int]]:
    """Return where every zuil that should speak stands, and which do not."""
    places: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    gone: set[int] = set()
    for kiosk, state, address, counter in bulk.run(_STANDS):
        places[kiosk, address] += [counter] if counter is not None else []
        if state == State.OFFLINE:
            gone.add(kiosk)
    return [Stand(kiosk, tuple(counters), address) for (kiosk, address), counters in places.items()], gone
