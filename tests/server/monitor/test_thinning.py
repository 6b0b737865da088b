"""History gets thinner with age, and no tap of it is counted twice or lost."""

from datetime import UTC, datetime

import pytest
from sqlmodel import col, func, select

from fakes.scene import add_kiosk, add_region
from server.monitor.history import Period, read_history
from server.monitor.models import DAY, HOUR, KioskSample, KioskSummary, ThinningMark
from server.monitor.thinning import DAY_MILLIS, HOUR_MILLIS, KEEP_HOURS, KEEP_SAMPLES, thin
from shared.domain.zones import to_millis

# Three in the morning of the day after summer time ended: that Sunday had 25 hours in Brussels.
NOW = to_millis(datetime(2026, 10, 26, 2, 30, tzinfo=UTC))
MINUTE = 60_000


@pytest.fixture
def kiosk(database):
    with database.writing() as session:
        number, _ = add_kiosk(session, add_region(session))
    return number


def put(database, kiosk, at, **fields):
    with database.writing() as session:
        session.add(KioskSample(kiosk=kiosk, at=at, **({"taps": 1} | fields)))


def summaries(database, grain):
    with database.reading() as session:
        query = select(KioskSummary).where(KioskSummary.grain == grain).order_by(col(KioskSummary.at))
        return session.exec(query).all()


def test_an_hour_is_summed_up_with_its_averages_and_its_worst(database, kiosk):
    hour = NOW // HOUR_MILLIS * HOUR_MILLIS - HOUR_MILLIS
    put(database, kiosk, hour, temperature=500, signal=-50, queue=1, disk=900, round_trip=80)
    put(database, kiosk, hour + MINUTE, temperature=601, signal=-71, queue=9, disk=800)
    put(database, kiosk, hour + HOUR_MILLIS, temperature=999)
    thin(database, NOW)
    (row,) = [row for row in summaries(database, HOUR) if row.at == hour]
    assert (row.samples, row.taps, row.queue, row.disk) == (2, 2, 9, 800)
    assert (row.hottest, row.weakest, row.round_trip, row.slowest) == (601, -71, 80, 80)
    assert row.temperature in (550, 551)
    with database.reading() as session:
        points = {point.at: point for point in read_history(session, kiosk, Period.WEEK, NOW).points}
    assert (points[hour].temperature, points[hour].signal) == (60.1, -71), "a chart shows the worst"


def test_running_twice_or_after_a_rest_counts_nothing_twice(database, kiosk):
    for minutes in range(0, 30 * 60, 23):
        put(database, kiosk, NOW - minutes * MINUTE)
    thin(database, NOW)
    first = [(row.at, row.taps) for row in summaries(database, HOUR)]
    with database.writing() as session:
        session.merge(ThinningMark(grain=HOUR, upto=0))
    thin(database, NOW)
    assert [(row.at, row.taps) for row in summaries(database, HOUR)] == first
    whole = NOW // HOUR_MILLIS * HOUR_MILLIS
    with database.reading() as session:
        taps = session.exec(select(func.sum(KioskSample.taps)).where(KioskSample.at < whole)).one()
    assert sum(taps for _, taps in first) == taps


def test_a_day_is_that_of_brussels_also_when_it_has_25_hours(database, kiosk):
    sunday = to_millis(datetime(2026, 10, 24, 22, 0, tzinfo=UTC))
    for hour in range(-1, 27):
        put(database, kiosk, sunday + hour * HOUR_MILLIS + MINUTE)
    thin(database, NOW)
    days = {row.at: row.taps for row in summaries(database, DAY)}
    assert days[sunday] == 25
    assert sunday + 25 * HOUR_MILLIS not in days, "today is not over"


def test_the_hour_that_runs_is_left_alone(database, kiosk):
    put(database, kiosk, NOW - 4 * MINUTE)
    put(database, kiosk, NOW // HOUR_MILLIS * HOUR_MILLIS - MINUTE)
    thin(database, NOW - 26 * MINUTE)
    assert summaries(database, HOUR) == [], "an hour that ended four minutes ago may still get a heartbeat"


def test_what_is_too_old_goes(database, kiosk):
    put(database, kiosk, NOW - KEEP_SAMPLES - HOUR_MILLIS)
    put(database, kiosk, NOW - KEEP_SAMPLES + 2 * HOUR_MILLIS)
    empty = dict.fromkeys(("samples", "taps", "refusals", "queue", "waits"), 0)
    with database.writing() as session:
        for grain, at in (
            (HOUR, NOW - KEEP_HOURS - 1),
            (DAY, NOW - KEEP_HOURS),
            (DAY, NOW - 800 * DAY_MILLIS),
        ):
            session.add(KioskSummary(kiosk=kiosk, grain=grain, at=at, **empty))
    thin(database, NOW)
    with database.reading() as session:
        assert len(session.exec(select(KioskSample)).all()) == 1
    assert len(summaries(database, DAY)) == 2, "the day of the sample, and one of 90 days ago"
    assert [row.at for row in summaries(database, HOUR)] == [
        (NOW - KEEP_SAMPLES + 2 * HOUR_MILLIS) // HOUR_MILLIS * HOUR_MILLIS
    ]
