"""The event of a tap whose zuil could not select one, because it did not know what time it was.

A zuil that starts with a wrong clock, and does not hear the server, has no event at the hour that it
believes it is: it says "no event" and writes the tap down without one. The upload settles when it was.
Then the event is the one that the zuil would have had at that moment: selected by the same rule from
the same events, with the counter's choice as it is now (rules 8.2-8.4). A tap of a zuil that knew the
time, or whose true time nobody knows, stays without an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Session

from server.checkins.taps import ReadTap
from server.kiosks.configuration import events_of
from server.kiosks.models import Kiosk
from shared.domain.selection import Candidate, Selection, select_event
from shared.domain.zones import from_millis
from shared.wire.mapping import calendar_from_message
from shared.wire.messages import CalendarMessage


def with_events(session: Session, kiosk: int, taps: list[ReadTap]) -> list[ReadTap]:
    """Return the taps of a zuil, those without an event with the one that was on at their effective time."""
    eventless = [tap for tap in taps if tap.is_eventless]
    if not eventless:
        return taps
    found = _events(session, session.get_one(Kiosk, kiosk), sorted({tap.at for tap in eventless}))
    return [msgspec.structs.replace(tap, event=found[tap.at]) if tap.is_eventless else tap for tap in taps]


def _events(session: Session, kiosk: Kiosk, instants: Sequence[int]) -> dict[int, str | None]:
    """Return what was on at each of these rising instants; selected anew only when it may be another."""
    found: dict[int, str | None] = {}
    selection: Selection | None = None
    for at in instants:
        now = from_millis(at)
        if selection is None or now >= selection.changes_at:
            selection = select_for(session, kiosk, now)
        found[at] = selection.event
    return found


def select_for(session: Session, kiosk: Kiosk, now: datetime) -> Selection:
    """Return what a zuil saves for at `now`, by the rule that it goes by itself."""
    events = {event.id: event.calendar for event in events_of(session, kiosk, now)}
    candidates = [
        Candidate(id_, calendar_from_message(msgspec.convert(calendar, CalendarMessage)))
        for id_, calendar in events.items()
    ]
    manual = kiosk.manual_event_id if kiosk.manual_event_id in events else None
    return select_event(candidates, now, manual=manual, hold_manual=kiosk.hold_manual_event)
