"""Period constraints: n times per calendar period of Europe/Brussels (rules 3.13, 7.3, json-api §4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from shared.domain.calendars import CalendarKind
from shared.domain.zones import local_day, start_of_day

_QUARTER_MONTHS: Final = 3
_DECEMBER: Final = 12
_EVER: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class Period(StrEnum):
    """The calendar periods of a constraint; weeks start on Monday, ABSOLUTE is for ever."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"
    ABSOLUTE = "ABSOLUTE"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `volume` times per `period`."""

    volume: int
    period: Period


_DEFAULT_CHECKIN_LIMITS: Final = {
    CalendarKind.SINGLE: Limit(1, Period.DAY),
    CalendarKind.MULTIPLE: Limit(1, Period.DAY),
    CalendarKind.PERIODIC: Limit(1, Period.WEEK),
    CalendarKind.PERMANENT: Limit(1, Period.WEEK),
}


def default_checkin_limit(kind: CalendarKind) -> Limit:
    """Return the check-in limit per pashouder of an event for which nobody set one (rules 3.13)."""
    return _DEFAULT_CHECKIN_LIMITS[kind]


def period_bounds(period: Period, at: datetime) -> tuple[datetime, datetime]:
    """Return the start (included) and end (excluded), in UTC, of the period around an aware instant."""
    return _bounds_of_day(period, local_day(at))


@lru_cache(maxsize=1024)
def _bounds_of_day(period: Period, day: date) -> tuple[datetime, datetime]:
    if period is Period.ABSOLUTE:
        return _EVER
    first, after = _days(period, day)
    return start_of_day(first), start_of_day(after)


def _days(period: Period, day: date) -> tuple[date, date]:
    match period:
        case Period.WEEK:
            monday = day - timedelta(days=day.weekday())
            return monday, monday + timedelta(days=7)
        case Period.MONTH:
            return day.replace(day=1), _first_of_month(day, 1)
        case Period.QUARTER:
            first = day.replace(month=day.month - (day.month - 1) % _QUARTER_MONTHS, day=1)
            return first, _first_of_month(first, _QUARTER_MONTHS)
        case Period.YEAR:
            return date(day.year, 1, 1), date(day.year + 1, 1, 1)
        case _:
            return day, day + timedelta(days=1)


def _first_of_month(day: date, months_on: int) -> date:
    month = day.month + months_on
    years, month = (1, month - _DECEMBER) if month > _DECEMBER else (0, month)
    return date(day.year + years, month, 1)
