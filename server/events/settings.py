"""What a KSB decides of an event: its points and its check-in limit (rules 3.8-3.10)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.events.models import Event, EventCardSystem
from server.events.repository import kiosks_of_events
from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from shared.domain.calendars import Calendar, CalendarKind
from shared.domain.periods import Limit, Period, default_checkin_limit
from shared.domain.windows import next_window, windows
from shared.domain.zones import local_day
from shared.wire.mapping import calendar_from_message
from shared.wire.messages import CalendarMessage

MOST: Final = 40
MOST_LOOKED_AT: Final = 400
DEFAULT_POINTS: Final = 1


class EventEndedError(Exception):
    """The event is over: nothing of it can change any more (rules 3.9)."""


@dataclass(frozen=True)
class EventSettings:
    """Points per visit, and the limit per pashouder; `limit` None for the default of its calendar."""

    points: int
    limit: Limit | None


@dataclass(frozen=True)
class EventView:
    """An event as the KSB finds it. `starts` is that of now or the next time; None when it is over."""

    event: Event
    starts: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it can change any more."""
        return self.starts is None

    @property
    def default_limit(self) -> Limit:
        """The limit when nobody sets one (rules 3.13)."""
        return default_checkin_limit(CalendarKind(self.event.calendar_kind))

    @property
    def settings(self) -> EventSettings:
        """What holds now."""
        return settings_of(self.event)


def settings_of(event: Event) -> EventSettings:
    """Return what is set for an event."""
    own = event.limit_volume is not None and event.limit_period is not None
    limit = Limit(event.limit_volume or 0, Period(event.limit_period or "")) if own else None
    return EventSettings(event.points, limit)


def coming_start(calendar: Calendar, now: datetime) -> datetime | None:
    """Return the start of the occurrence that has not ended or the next one; None when the event is over.

    The hours after the end in which a point can still be saved do not count (rules 3.9).
    """
    today = local_day(now)
    running = [one.starts for one in windows(calendar, today, today) if one.ends > now]
    if running:
        return min(running)
    following = next_window(calendar, now)
    return following.starts if following else None


def view(event: Event, now: datetime) -> EventView:
    """Return an event as it is at `now`."""
    calendar = calendar_from_message(msgspec.convert(event.calendar, CalendarMessage))
    return EventView(event, coming_start(calendar, now))


def search_events(
    session: Session, card_system_id: int | None, search: str, now: datetime
) -> list[EventView]:
    """Return at most `MOST` events of a card system (None: of all), the nearest first, ended ones last.

    search: words that must all occur in a title, the organiser or the place. Of very many that
    match, the last imported.
    """
    query = select(Event.id, Event.titles, Event.organizer_name, Event.place_name)
    if card_system_id is not None:
        inside = select(EventCardSystem.event_id).where(EventCardSystem.card_system_id == card_system_id)
        query = query.where(col(Event.id).in_(inside))
    words = search.casefold().split()
    found = [
        event_id
        for event_id, titles, *names in session.exec(query.order_by(col(Event.number).desc()))
        if all(word in " ".join([*titles.values(), *names]).casefold() for word in words)
    ]
    events = session.exec(select(Event).where(col(Event.id).in_(found[:MOST_LOOKED_AT])))
    views = [view(event, now) for event in events]
    views.sort(key=lambda one: (one.has_ended, one.starts.timestamp() if one.starts else 0.0, one.event.id))
    return views[:MOST]


def find_event(session: Session, card_system_id: int | None, event_id: str) -> Event | None:
    """Return an event of a card system (None: of any), None when there is no such event."""
    event = session.get(Event, event_id)
    if event is None or card_system_id is None:
        return event
    return event if session.get(EventCardSystem, (event_id, card_system_id)) is not None else None


def systems_of_event(session: Session, event_id: str) -> list[str]:
    """Return the names of the card systems for which an event's settings hold (rules 3.10)."""
    query = (
        select(CardSystem.name)
        .join(EventCardSystem, col(EventCardSystem.card_system_id) == col(CardSystem.id))
        .where(EventCardSystem.event_id == event_id)
        .order_by(col(CardSystem.name))
    )
    return list(session.exec(query))


def put_settings(
    session: Session, event: Event, wanted: EventSettings, now: datetime, *, staff_id: int
) -> bool:
    """Change what holds for an event everywhere, and have its zuilen follow; False when it held already.

    Raises:
        EventEndedError: it is over (rules 3.9).
    """
    if view(event, now).has_ended:
        raise EventEndedError
    before = settings_of(event)
    if before == wanted:
        return False
    event.points = wanted.points
    event.limit_volume = wanted.limit.volume if wanted.limit else None
    event.limit_period = wanted.limit.period.value if wanted.limit else None
    if kiosks := kiosks_of_events(session, [event.id]):
        kiosks_changed(session, kiosks)
    detail = {"before": _plain(before), "after": _plain(wanted)}
    record(session, "change", "event", event.id, staff_id=staff_id, detail=detail)
    return True


def _plain(settings: EventSettings) -> dict[str, object]:
    limit = f"{settings.limit.volume} {settings.limit.period.value}" if settings.limit else None
    return {"points": settings.points, "limit": limit}
