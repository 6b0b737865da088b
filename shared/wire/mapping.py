"""From the messages of the wire to the values of the rules, and back."""

from __future__ import annotations

from datetime import time

from shared.domain.calendars import AdjustedDays, Calendar, CalendarKind, OpeningHours, Span
from shared.domain.periods import Limit, Period
from shared.domain.zones import from_millis, to_millis
from shared.wire.messages import AdjustedDaysMessage, CalendarMessage, OpeningHoursMessage, SpanMessage


def calendar_from_message(message: CalendarMessage) -> Calendar:
    """Return the calendar of a message.

    Raises:
        ValueError: an unknown kind, weekday or hour.
    """
    return Calendar(
        kind=CalendarKind(message.kind),
        spans=tuple(
            Span(from_millis(span.start), from_millis(span.end), span.start_known, span.end_known)
            for span in message.spans
        ),
        first=message.first,
        last=message.last,
        hours=tuple(map(_hours_from_message, message.hours)),
        adjusted=tuple(
            AdjustedDays(days.first, days.last, tuple(map(_hours_from_message, days.hours)))
            for days in message.adjusted
        ),
    )


def calendar_to_message(calendar: Calendar) -> CalendarMessage:
    """Return the message of a calendar."""
    return CalendarMessage(
        kind=calendar.kind.value,
        spans=[
            SpanMessage(
                start=to_millis(span.start),
                end=to_millis(span.end),
                start_known=span.start_known,
                end_known=span.end_known,
            )
            for span in calendar.spans
        ],
        first=calendar.first,
        last=calendar.last,
        hours=[_hours_to_message(hours) for hours in calendar.hours],
        adjusted=[
            AdjustedDaysMessage(
                first=days.first, last=days.last, hours=list(map(_hours_to_message, days.hours))
            )
            for days in calendar.adjusted
        ],
    )


def limit_from_message(message: tuple[int, str] | None) -> Limit | None:
    """Return the limit of a message; a period this version does not know is an error.

    Raises:
        ValueError: an unknown period.
    """
    return None if message is None else Limit(message[0], Period(message[1]))


def limit_to_message(limit: Limit | None) -> tuple[int, str] | None:
    """Return the message of a limit."""
    return None if limit is None else (limit.volume, limit.period.value)


def _hours_from_message(message: OpeningHoursMessage) -> OpeningHours:
    days = frozenset(message.days)
    if not days <= frozenset(range(1, 8)):
        raise ValueError(f"Weekdays run from 1 to 7, not {sorted(days)}.")
    return OpeningHours(days, time.fromisoformat(message.opens), time.fromisoformat(message.closes))


def _hours_to_message(hours: OpeningHours) -> OpeningHoursMessage:
    return OpeningHoursMessage(
        days=sorted(hours.days), opens=f"{hours.opens:%H:%M}", closes=f"{hours.closes:%H:%M}"
    )
