"""Days, weeks, months, quarters and years of Brussels."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.periods import Period, default_checkin_limit, period_bounds
from shared.domain.zones import BRUSSELS, from_millis, to_millis

instants = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))
calendar_periods = st.sampled_from([period for period in Period if period is not Period.ABSOLUTE])


def brussels(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BRUSSELS)


@given(calendar_periods, instants)
def test_an_instant_lies_in_its_period_and_periods_touch(period, at):
    start, end = period_bounds(period, at)
    assert start <= at < end
    assert period_bounds(period, end)[0] == end
    assert period_bounds(period, start - timedelta(milliseconds=1))[1] == start


@given(calendar_periods, instants)
def test_a_period_begins_at_midnight_in_brussels(period, at):
    for edge in period_bounds(period, at):
        assert edge.astimezone(BRUSSELS).time().isoformat() == "00:00:00"


@given(instants)
def test_a_week_begins_on_monday_and_has_seven_days(at):
    start, end = (edge.astimezone(BRUSSELS).date() for edge in period_bounds(Period.WEEK, at))
    assert start.isoweekday() == 1
    assert (end - start).days == 7


@given(instants, instants)
def test_absolute_holds_every_instant(one, other):
    start, end = period_bounds(Period.ABSOLUTE, one)
    assert start <= other < end


@pytest.mark.parametrize(
    ("at", "hours"),
    [("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25), ("2026-03-28T12:00", 24)],
    ids=["the day summer time begins", "the day it ends", "any other day"],
)
def test_a_day_has_the_hours_it_has(at, hours):
    start, end = period_bounds(Period.DAY, brussels(at))
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("period", "at", "first", "after"),
    [
        (Period.WEEK, "2026-12-31T12:00", "2026-12-28", "2027-01-04"),
        (Period.MONTH, "2028-02-29T23:59", "2028-02-01", "2028-03-01"),
        (Period.MONTH, "2026-12-31T23:59", "2026-12-01", "2027-01-01"),
        (Period.QUARTER, "2026-11-30T00:00", "2026-10-01", "2027-01-01"),
        (Period.QUARTER, "2026-04-01T00:00", "2026-04-01", "2026-07-01"),
        (Period.YEAR, "2026-06-15T00:00", "2026-01-01", "2027-01-01"),
    ],
)
def test_the_edges_of_periods(period, at, first, after):
    start, end = period_bounds(period, brussels(at))
    assert (start, end) == (brussels(f"{first}T00:00"), brussels(f"{after}T00:00"))


def test_default_limits_per_kind_of_calendar():
    limits = {kind.value: (limit.volume, limit.period.value) for kind, limit in _defaults()}
    assert limits == {
        "single": (1, "DAY"),
        "multiple": (1, "DAY"),
        "periodic": (1, "WEEK"),
        "permanent": (1, "WEEK"),
    }


def _defaults():
    from shared.domain.calendars import CalendarKind

    return [(kind, default_checkin_limit(kind)) for kind in CalendarKind]


@given(st.integers(-(10**12), 4 * 10**12))
def test_milliseconds_survive_the_round_trip(millis):
    assert to_millis(from_millis(millis)) == millis
