"""Days and weeks are those of Europe/Brussels; instants are aware datetimes in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

BRUSSELS: Final = ZoneInfo("Europe/Brussels")


def local_day(at: datetime) -> date:
    """Return the calendar day in Brussels of an aware instant."""
    return at.astimezone(BRUSSELS).date()


def start_of_day(day: date) -> datetime:
    """Return the instant in UTC at which a Brussels day begins (22:00 or 23:00 UTC of the day before)."""
    return datetime.combine(day, time(), BRUSSELS).astimezone(UTC)


def end_of_day(day: date) -> datetime:
    """Return the instant in UTC at which a Brussels day has ended, which is the start of the next."""
    return datetime.max.replace(tzinfo=UTC) if day == date.max else start_of_day(day + timedelta(days=1))


def local_instant(day: date, hour: time, *, last: bool = False) -> datetime:
    """Return the instant in UTC of a wall-clock hour in Brussels.

    In the hour that winter time repeats, the first passage counts, or the second when `last`;
    an hour that summer time skips moves one hour on.
    """
    return datetime.combine(day, hour.replace(fold=int(last)), BRUSSELS).astimezone(UTC)


def from_millis(millis: int) -> datetime:
    """Return the aware instant of a number of milliseconds since 1970 UTC."""
    return _EPOCH + timedelta(milliseconds=millis)


def to_millis(at: datetime) -> int:
    """Return the milliseconds since 1970 UTC of an aware instant, rounded down."""
    return (at - _EPOCH) // _MILLISECOND


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
