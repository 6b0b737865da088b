"""The four UiTdatabank calendars and when their events take place (rules 3.7, 3.11)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.zones import end_of_day, local_instant, start_of_day

_DAY: Final = timedelta(days=1)


class CalendarKind(StrEnum):
    """One moment, several moments, a period with or without hours, or always with or without hours."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    PERIODIC = "periodic"
    PERMANENT = "permanent"


@dataclass(frozen=True, slots=True)
class Span:
    """One occurrence, aware instants in UTC. An hour nobody gave was filled in as 00:00:00 or 23:59:59."""

    start: datetime
    end: datetime
    start_known: bool = True
    end_known: bool = True


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """Hours on ISO weekdays (Monday 1). `closes` at or before `opens` means the next morning."""

    days: frozenset[int]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class AdjustedDays:
    """Other hours from `first` to `last`, both included; a day for which they name no hours is closed."""

    first: date
    last: date
    hours: tuple[OpeningHours, ...] = ()


@dataclass(frozen=True, slots=True)
class Calendar:
    """When an event takes place.

    spans: the moments of a single or multiple calendar.
    first, last: the days of a periodic calendar, both included; None is open-ended.
    hours: opening hours of a periodic or permanent one; none at all means all day.
    adjusted: deviating days; the first that holds a day decides.
    """

    kind: CalendarKind
    spans: tuple[Span, ...] = ()
    first: date | None = None
    last: date | None = None
    hours: tuple[OpeningHours, ...] = ()
    adjusted: tuple[AdjustedDays, ...] = ()


def occurrences(calendar: Calendar, first: date, last: date) -> list[Span]:
    """Return the occurrences that touch the Brussels days `first` to `last`, ordered by start."""
    if calendar.kind in (CalendarKind.SINGLE, CalendarKind.MULTIPLE):
        spans = list(calendar.spans)
    else:
        spans = [
            span for day in _running_days(calendar, first - _DAY, last) for span in _on_day(calendar, day)
        ]
    since, until = start_of_day(first), end_of_day(last)
    touching = [span for span in spans if span.start < until and (span.end > since or span.start >= since)]
    return sorted(touching, key=lambda span: (span.start, span.end))


def _running_days(calendar: Calendar, first: date, last: date) -> Iterator[date]:
    day = max(first, calendar.first or first)
    last = min(last, calendar.last or last)
    while day <= last:
        yield day
        day += _DAY


def _on_day(calendar: Calendar, day: date) -> Iterator[Span]:
    adjusted = next((days for days in calendar.adjusted if days.first <= day <= days.last), None)
    hours = calendar.hours if adjusted is None else adjusted.hours
    if not hours and adjusted is None:
        yield Span(
            start_of_day(day), end_of_day(day) - timedelta(seconds=1), start_known=False, end_known=False
        )
    for opening in hours:
        if day.isoweekday() in opening.days:
            yield _opening(day, opening)


def _opening(day: date, opening: OpeningHours) -> Span:
    overnight = opening.closes <= opening.opens
    closing_day = day + _DAY if overnight else day
    return Span(local_instant(day, opening.opens), local_instant(closing_day, opening.closes, last=True))
