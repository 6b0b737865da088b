"""What zuilen hear of each other's check-ins: the granted ones, as far as a running period needs them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from server.kernel.bulk import Bulk, Statement
from shared.domain.periods import period_bounds
from shared.domain.zones import to_millis
from shared.wire.mapping import limit_from_message
from shared.wire.messages import CheckinMessage, EventMessage

NEWEST: Final = timedelta(minutes=15)
"""For longer than a zuil takes a check-in that it handed in for one that the balances lack."""
_SINCE: Final = Statement(
    "SELECT CAST(c.id AS text), c.passholder_ref, c.event_id, c.at FROM change g"
    " JOIN checkin c ON c.change_id = g.id JOIN {rows} ON rows.event = c.event_id"
    " WHERE g.position > :after AND g.position <= :upto AND c.verdict = 'granted' ORDER BY g.position",
    event="text",
)
_RUNNING: Final = Statement(
    "SELECT CAST(c.id AS text), c.passholder_ref, c.event_id, c.at FROM {rows}"
    " JOIN checkin c ON c.event_id = rows.event AND c.at >= rows.since"
    " WHERE c.verdict = 'granted' AND c.passholder_ref IS NOT NULL ORDER BY c.at",
    event="text",
    since="bigint",
)
_OF_PASSHOLDER: Final = Statement(
    "SELECT CAST(id AS text), at FROM checkin"
    " WHERE passholder_ref = :ref AND event_id = :event AND at >= :since"
    " AND verdict = 'granted' ORDER BY at"
)


def checkins_between(session: Session, events: Iterable[str], after: int, upto: int) -> list[CheckinMessage]:
    """Return the granted check-ins on these events that were published in (after, upto]."""
    rows = [(event,) for event in sorted(set(events))]
    return _messages(Bulk(session).run(_SINCE, {"after": after, "upto": upto}, rows))


def running_checkins(session: Session, events: Iterable[EventMessage], now: datetime) -> list[CheckinMessage]:
    """Return every granted check-in that counts for the running period of one of these events.

    And the newest of all of them: by these a zuil knows which of its own the balances hold.
    """
    rows = [(event.id, _since(event, now)) for event in events]
    return _messages(Bulk(session).run(_RUNNING, rows=rows))


def checkins_of(session: Session, passholder: int, event: EventMessage, now: datetime) -> dict[str, int]:
    """Return id -> instant of a pashouder's granted check-ins on an event in its running period."""
    scalars = {"ref": passholder, "event": event.id, "since": _since(event, now)}
    return dict(Bulk(session).run(_OF_PASSHOLDER, scalars))


def _since(event: EventMessage, now: datetime) -> int:
    newest, limit = now - NEWEST, limit_from_message(event.limit)
    return to_millis(newest if limit is None else min(newest, period_bounds(limit.period, now)[0]))


def _messages(rows: Iterable[tuple[str, int, str, int]]) -> list[CheckinMessage]:
    return [CheckinMessage(id=id_, passholder=ref, event=event, at=at) for id_, ref, event, at in rows]
