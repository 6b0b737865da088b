"""Check-in windows: when saving a point on an event is possible (rules 7.1, 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from shared.domain.calendars import Calendar, CalendarKind, Span, occurrences
from shared.domain.zones import end_of_day, local_day, start_of_day

MARGIN: Final = timedelta(hours=5)
_DAY: Final = timedelta(days=1)
_SEARCH_DAYS: Final = 31
_SEARCH_ROUNDS: Final = 14
"""Fourteen months: an opening once a year is found, a search for one that never comes ends."""


@dataclass(frozen=True, slots=True)
class Window:
    """Saving is possible from `opens` (included) to `closes` (excluded) around the event itself."""

    opens: datetime
    closes: datetime
    starts: datetime
    ends: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.opens <= at < self.closes


def window_of(span: Span) -> Window:
    """Return the window of one occurrence.

    Five hours before the start to five hours after the end. Without a start hour: any moment
    of the local days of the event (rules 7.2).
    """
    opens, closes = span.start - MARGIN, span.end + MARGIN
    if not span.start_known:
        opens = start_of_day(local_day(span.start))
        day_end = end_of_day(local_day(span.end))
        closes = max(day_end, closes) if span.end_known else day_end
    return Window(opens, closes, span.start, span.end)


def windows(calendar: Calendar, first: date, last: date) -> list[Window]:
    """Return the windows that touch the Brussels days `first` to `last`, ordered by opening."""
    since, until = start_of_day(first), end_of_day(last)
    found = map(window_of, occurrences(calendar, first - _DAY, last + _DAY))
    return sorted((window for window in found if window.opens < until and window.closes > since), key=_order)


def window_at(calendar: Calendar, now: datetime) -> Window | None:
    """Return the window that holds `now`; of several the one that starts nearest."""
    today = local_day(now)
    open_now = [window for window in windows(calendar, today, today) if now in window]
    return min(open_now, key=lambda window: (abs(window.starts - now), window.starts), default=None)


def next_window(calendar: Calendar, now: datetime) -> Window | None:
    """Return the first window that opens after `now`; None when none does within fourteen months."""
    first = local_day(now)
    if calendar.kind in (CalendarKind.SINGLE, CalendarKind.MULTIPLE):
        later = [window for window in map(window_of, calendar.spans) if window.opens > now]
        return min(later, key=_order, default=None)
    if calendar.first is not None:
        first = max(first, calendar.first - _DAY)
    for round_ in range(_SEARCH_ROUNDS):
        begin = first + timedelta(days=round_ * _SEARCH_DAYS)
        if calendar.last is not None and begin > calendar.last + _DAY:
            return None
        found = windows(calendar, begin, begin + timedelta(days=_SEARCH_DAYS - 1))
        if later := [window for window in found if window.opens > now]:
            return later[0]
    return None


def last_day(calendar: Calendar) -> date:
    """Return a Brussels day after which no window is open any more: `date.max` when it never ends."""
    if calendar.spans:
        return max(local_day(window_of(span).closes) for span in calendar.spans)
    # Hours after the last day's midnight, and five hours more.
    last = calendar.last or date.max
    return last + 2 * _DAY if last < date.max - 2 * _DAY else date.max


def _order(window: Window) -> tuple[datetime, datetime]:
    return window.opens, window.closes
