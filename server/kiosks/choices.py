"""The events that counters can put on their zuil, the ones of today first (rules 8.2)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import false, or_
from sqlmodel import Session, col, select

from server.counters.models import Counter
from server.events.models import Event
from server.events.udb3 import EventStatus
from server.kiosks.models import KioskCounter
from shared.domain.windows import Window, next_window, window_at
from shared.domain.zones import local_day
from shared.wire.mapping import calendar_from_message
from shared.wire.messages import CalendarMessage

MOST: Final = 40


@dataclass(frozen=True)
class EventChoice:
    """An event and when one can save for it: the window of now, else the next one, else None (it is over)."""

    event: Event
    window: Window | None
    is_open: bool
    is_today: bool


def event_choices(
    session: Session, counter_ids: Collection[int], search: str, now: datetime
) -> list[EventChoice]:
    """Return at most `MOST` events organised by or located at counters: open, today, later; over ones never.

    search: words that must all occur in a title, the organiser or the place.
    """
    counters = session.exec(select(Counter).where(col(Counter.id).in_(counter_ids))).all()
    mine = select(Event).where(
        col(Event.organizer_id).in_([counter.organizer_id for counter in counters if counter.organizer_id])
        | col(Event.place_id).in_([counter.place_id for counter in counters if counter.place_id]),
        Event.status == EventStatus.AVAILABLE,
        col(Event.last_day) >= local_day(now),
    )
    words = search.casefold().split()
    found = [event for event in session.exec(mine) if all(word in _text(event) for word in words)]
    choices = [choice for choice in (_choice(event, now) for event in found) if choice.window]
    return sorted(choices, key=_order)[:MOST]


def is_choice(session: Session, counter_id: int, event_id: str) -> bool:
    """Tell whether a counter organises or hosts this event."""
    counter, event = session.get(Counter, counter_id), session.get(Event, event_id)
    if counter is None or event is None:
        return False
    return (event.organizer_id is not None and event.organizer_id == counter.organizer_id) or (
        event.place_id is not None and event.place_id == counter.place_id
    )


def kiosks_of(session: Session, event_id: str, counter_ids: Collection[int]) -> frozenset[int]:
    """Return the zuilen at those of these counters that organise or host an event."""
    event = session.get(Event, event_id)
    if event is None:
        return frozenset()
    ids = [("organizer_id", event.organizer_id), ("place_id", event.place_id)]
    is_theirs = [col(getattr(Counter, name)) == id_ for name, id_ in ids if id_ is not None]
    query = (
        select(KioskCounter.kiosk)
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(col(KioskCounter.counter_id).in_(counter_ids), or_(false(), *is_theirs))
    )
    return frozenset(session.exec(query))


def window_now_or_next(event: Event, now: datetime) -> tuple[Window | None, bool]:
    """Return the window of now (True) or the next one (False); None when there is none any more."""
    calendar = calendar_from_message(msgspec.convert(event.calendar, CalendarMessage))
    current = window_at(calendar, now)
    return (current, True) if current else (next_window(calendar, now), False)


def _choice(event: Event, now: datetime) -> EventChoice:
    window, is_open = window_now_or_next(event, now)
    is_today = window is not None and local_day(window.opens) <= local_day(now) <= local_day(window.closes)
    return EventChoice(event, window, is_open, is_today)


def _order(choice: EventChoice) -> tuple[bool, bool, float, str]:
    starts = choice.window.starts.timestamp() if choice.window else 0.0
    return (not choice.is_open, not choice.is_today, starts, choice.event.id)


def _text(event: Event) -> str:
    return " ".join([*event.titles.values(), event.organizer_name, event.place_name]).casefold()
