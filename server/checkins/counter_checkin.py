"""Check in someone at a counter: staff types or scans the number."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session

from server.cardsystems.rights import CounterRight
from server.checkins.facts import FoundEvent, card_by_number, events_by_id
from server.checkins.ledger import Arrival, Claim, Judged, judge
from server.checkins.models import Source
from server.counters.models import Counter
from server.counters.rights import may
from server.events.models import Event
from server.kernel.audit import record
from server.kernel.bulk import Bulk
from server.kernel.ids import new_id
from shared.domain.numbers import parse_uitpas_number
from shared.domain.outcomes import Outcome
from shared.domain.zones import to_millis


class Desk(NamedTuple):
    """Who checks in: a member of staff for a counter."""

    counter_id: int
    staff_id: int


def counter_checkin(session: Session, desk: Desk, uitpas_number: str, event_id: str, now: datetime) -> Judged:
    """Check in at a counter that organises or hosts the event; others get `counter_not_allowed` (rules 2.9).

    Raises:
        InvalidNumberError: not a UiTPAS number.
    """
    number = parse_uitpas_number(uitpas_number).value
    event = events_by_id(Bulk(session), [event_id], None).get(event_id)
    at = to_millis(now)
    claim = Claim(
        id=new_id(),
        at=at,
        wall=at,
        shown=None,
        event_id=event_id,
        event=event._replace(counter_id=desk.counter_id) if event else None,
        card=card_by_number(session, number),
        counter_id=desk.counter_id,
        noted=None if _may(session, desk.counter_id, event) else Outcome.COUNTER_NOT_ALLOWED,
    )
    (judged,) = judge(session, [claim], Arrival(Source.COUNTER, at))
    record(session, "check-in", "checkin", judged.id, staff_id=desk.staff_id, counter_id=desk.counter_id)
    return judged


def _may(session: Session, counter_id: int, found: FoundEvent | None) -> bool:
    """Tell whether the counter may check in, and the event is its own or held there."""
    if not may(session, counter_id, CounterRight.CHECK_IN):
        return False
    if found is None:
        return True
    counter, event = session.get_one(Counter, counter_id), session.get_one(Event, found.id)
    sides = ((counter.organizer_id, event.organizer_id), (counter.place_id, event.place_id))
    return any(mine is not None and mine == theirs for mine, theirs in sides)
