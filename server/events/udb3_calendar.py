"""From the dates of a UiTdatabank document to a `Calendar` (rules 3.7, 3.11, 7.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final, NamedTuple

from server.events.jsonld import Reason, UnusableError, as_list, as_object, clean_text, quoted
from shared.domain.calendars import AdjustedDays, Calendar, CalendarKind, OpeningHours, Span
from shared.domain.zones import BRUSSELS, local_day, local_instant

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATE_ONLY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_HOUR: Final = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?")
_LAST_SECOND: Final = time(23, 59, 59)
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 9000
"""Later is "for ever" in the mouth of whoever typed it; windows must still have room for their margins."""


class CalendarReading(NamedTuple):
    """A calendar, whether all its moments were cancelled, and what was filled in or left out."""

    calendar: Calendar
    cancelled: bool
    remarks: tuple[Reason, ...]


class _Moment(NamedTuple):
    at: datetime
    hour_given: bool
    written: datetime


def read_calendar(document: Mapping[str, object]) -> CalendarReading:
    """Read the calendar of an event.

    Raises:
        UnusableError: no calendar, an unknown type, or not one usable date.
    """
    node = {**as_object(document.get("calendar")), **document}
    kind = _kind(node)
    remarks: list[Reason] = []
    if kind in (CalendarKind.SINGLE, CalendarKind.MULTIPLE):
        spans, cancelled = _spans(node, kind, remarks)
        return CalendarReading(Calendar(kind, spans=spans), cancelled, tuple(remarks))
    first, last = _period(node) if kind is CalendarKind.PERIODIC else (None, None)
    calendar = Calendar(
        kind,
        first=first,
        last=last,
        hours=_opening_hours(node.get("openingHours"), remarks),
        adjusted=_adjusted_days(node.get("openingHoursAdjustedDays"), remarks),
    )
    return CalendarReading(calendar, cancelled=False, remarks=tuple(remarks))


def is_unavailable(node: Mapping[str, object]) -> bool:
    """Tell whether a (part of an) event was cancelled or put off, which is its `status`, not its bookings."""
    return status_type(node) in ("unavailable", "temporarilyunavailable")


def status_type(node: Mapping[str, object]) -> str:
    """Return the status in lower case, "available" when none is given; a string or an object with a type."""
    status = node.get("status")
    given = clean_text(as_object(status).get("type")) or clean_text(status)
    return given.casefold() or "available"


def _kind(node: Mapping[str, object]) -> CalendarKind:
    named = clean_text(node.get("calendarType")).casefold()
    if named in set(CalendarKind):
        return CalendarKind(named)
    if named:
        raise UnusableError("onbekende-kalender", f"The calendar type {quoted(named)} is not known.")
    if node.get("startDate") is None and not _moments(node):
        raise UnusableError("geen-kalender", "The document has no calendar type and no dates.")
    return CalendarKind.MULTIPLE if len(_moments(node)) > 1 else CalendarKind.SINGLE


def _moments(node: Mapping[str, object]) -> list[Mapping[str, object]]:
    parts = next(
        (node[key] for key in ("subEvent", "timeSpans", "timestamps") if as_list(node.get(key))), None
    )
    return [part for part in as_list(parts) if isinstance(part, dict)]


def _spans(
    node: Mapping[str, object], kind: CalendarKind, remarks: list[Reason]
) -> tuple[tuple[Span, ...], bool]:
    parts = _moments(node)
    if not parts:
        if kind is CalendarKind.MULTIPLE:
            remarks.append(
                Reason("buitenste-periode", "No separate moments: the outer dates are used as one.")
            )
        return (_span(node),), False
    held = [part for part in parts if not is_unavailable(part)]
    if len(held) < len(parts):
        remarks.append(
            Reason(
                "moment-geannuleerd", f"{len(parts) - len(held)} of {len(parts)} moments do not take place."
            )
        )
    spans = _usable_spans(held, remarks)
    return tuple(sorted(set(spans), key=lambda span: (span.start, span.end))), not held


def _usable_spans(parts: list[Mapping[str, object]], remarks: list[Reason]) -> list[Span]:
    spans, unusable = [], []
    for part in parts:
        try:
            spans.append(_span(part))
        except UnusableError as error:
            unusable.append(error)
    if unusable and not spans:
        raise unusable[0]
    remarks.extend(error.reason for error in unusable)
    return spans


def _span(node: Mapping[str, object]) -> Span:
    """Read one occurrence. An hour is not known when it was left out or is the one UiTdatabank fills in.

    A start at midnight counts as filled in only beside an end that is filled in too: a party
    from 00:00 to 05:00 has a start hour.
    """
    start, end = _moment(node, "start"), _moment(node, "end")
    if start is None:
        raise UnusableError("geen-begindatum", "The document has no start date.")
    end_known = end is not None and end.hour_given and _local_hour(end) != _LAST_SECOND
    at_midnight = not start.hour_given or _local_hour(start) == time()
    if end is not None and end_known and at_midnight and _local_hour(end) == time():
        end_known = False
    start_known = start.hour_given and not (at_midnight and not end_known)
    last = local_instant(local_day((end or start).at), _LAST_SECOND)
    ends = end.at if end is not None and end_known else last
    if ends < start.at:
        raise UnusableError("einde-voor-begin", f"The end {ends.isoformat()} lies before the start.")
    return Span(start.at, ends, start_known, end_known)


def _local_hour(moment: _Moment) -> time:
    return moment.at.astimezone(BRUSSELS).time().replace(microsecond=0)


def _period(node: Mapping[str, object]) -> tuple[date | None, date | None]:
    start, end = _moment(node, "start"), _moment(node, "end", for_ever=True)
    first = local_day(start.at) if start else None
    last = _last_day(end) if end else None
    if first and last and last < first:
        raise UnusableError("einde-voor-begin", f"The period ends on {last} and starts on {first}.")
    return first, last


def _last_day(end: _Moment) -> date:
    """Return the last day of a period; the last second of a day written in another zone is still that day."""
    if end.written.time().replace(microsecond=0) == _LAST_SECOND:
        return end.written.date()
    return local_day(end.at)


def _moment(node: Mapping[str, object], which: str, *, for_ever: bool = False) -> _Moment | None:
    given = node.get(f"{which}Date", node.get(which))
    text = clean_text(given)
    if not text and given in (None, ""):
        return None
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        raise UnusableError("ongeldige-datum", f"{quoted(given)} is not a date.") from None
    if for_ever and written.year > _LAST_YEAR:
        return None
    if not _FIRST_YEAR <= written.year <= _LAST_YEAR:
        raise UnusableError("ongeldige-datum", f"{quoted(text)} is not a date of our time.")
    # Documents from before 2016 carry no offset: they mean Belgian time.
    placed = written if written.tzinfo else written.replace(tzinfo=BRUSSELS)
    return _Moment(placed.astimezone(UTC), _DATE_ONLY.fullmatch(text) is None, written)


def _opening_hours(value: object, remarks: list[Reason]) -> tuple[OpeningHours, ...]:
    read = [_opening(as_object(entry)) for entry in as_list(value)]
    usable = tuple(hours for hours in read if hours is not None)
    if len(usable) < len(read):
        remarks.append(
            Reason(
                "openingsuren-onleesbaar",
                f"{len(read) - len(usable)} of {len(read)} opening hours are unusable.",
            )
        )
    return usable


def _opening(entry: Mapping[str, object]) -> OpeningHours | None:
    names = [clean_text(day).rpartition("/")[2].casefold() for day in as_list(entry.get("dayOfWeek"))]
    days = frozenset(WEEKDAYS.index(name) + 1 for name in names if name in WEEKDAYS)
    opens, closes = _hour(entry.get("opens")), _hour(entry.get("closes"))
    if not days or opens is None or closes is None:
        return None
    return OpeningHours(days, opens, closes)


def _hour(value: object) -> time | None:
    """Return an hour of the day; 24:00 and an hour left out are midnight."""
    if value is None:
        return time()
    match = _HOUR.fullmatch(clean_text(value))
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2])
    if (hour, minute) == (24, 0):
        return time()
    try:
        return time(hour, minute)
    except ValueError:
        return None


def _adjusted_days(value: object, remarks: list[Reason]) -> tuple[AdjustedDays, ...]:
    adjusted = []
    for entry in map(as_object, as_list(value)):
        try:
            first, last = _period(entry)
        except UnusableError as error:
            remarks.append(error.reason)
            continue
        if first is None:
            remarks.append(
                Reason("geen-begindatum", "Adjusted opening hours without a first day are left out.")
            )
            continue
        adjusted.append(
            AdjustedDays(first, last or first, _opening_hours(entry.get("openingHours"), remarks))
        )
    return tuple(adjusted)
