"""The event a zuil saves for now, computed once and kept until the moment it changes."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from shared.domain.calendars import Calendar
from shared.domain.checkin import EventFacts
from shared.domain.selection import Candidate, Selection, select_event
from shared.domain.windows import next_window
from shared.wire.mapping import calendar_from_message, limit_from_message
from shared.wire.messages import EventMessage, KioskConfig

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ActiveEvent:
    """What the zuil saves for from `since` until the selection changes; no event, no facts."""

    since: datetime
    selection: Selection
    event: EventMessage | None = None
    facts: EventFacts | None = None

    def __contains__(self, now: datetime) -> bool:
        return self.since <= now < self.selection.changes_at


class Schedule:
    """The events of one configuration. An event this version cannot read is left out, with a warning."""

    def __init__(self, config: KioskConfig) -> None:
        self._config = config
        self._events: dict[str, tuple[EventMessage, Calendar]] = {}
        for event in config.events:
            try:
                limit_from_message(event.limit)
                self._events[event.id] = (event, calendar_from_message(event.calendar))
            except ValueError as error:
                log.warning("Event %s is left out: %s", event.id, error)
        self._candidates = [Candidate(id_, calendar) for id_, (_, calendar) in self._events.items()]
        self._active: ActiveEvent | None = None

    def at(self, now: datetime) -> ActiveEvent:
        """Return the active event (rules 8.2-8.4)."""
        active = self._active
        if active is None or now not in active:
            active = self._active = self._select(now)
        return active

    def _select(self, now: datetime) -> ActiveEvent:
        selection = select_event(
            self._candidates,
            now,
            manual=self._config.manual_event if self._config.manual_event in self._events else None,
            hold_manual=self._config.hold_manual_event,
        )
        if selection.event is None:
            return ActiveEvent(now, selection)
        event, calendar = self._events[selection.event]
        coming = None if selection.window else next_window(calendar, now)
        facts = EventFacts(
            id=event.id,
            points=event.points,
            limit=limit_from_message(event.limit),
            window=selection.window,
            opens_next=coming.opens if coming else None,
        )
        return ActiveEvent(now, selection, event, facts)
