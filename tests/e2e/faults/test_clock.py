"""Clocks that lie to a real zuil: what people earned is right once the truth is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from fakes.virtual_zuil import VirtualZuil
from fakes.wall import LyingWall
from fakes.wire_server import CODE, WireServer
from fakes.zuil import CONCERT, row
from shared.domain.zones import BRUSSELS
from shared.wire.messages import CalendarMessage, EventMessage

CHIPS = [f"04{number:012X}" for number in range(1, 40)]
DAY = 86_400
ALWAYS = EventMessage(
    id=CONCERT, number=7, titles={"nl": "Bib"}, calendar=CalendarMessage(kind="permanent"), limit=(1, "DAY")
)


@pytest.fixture
def server():
    with WireServer([row(chip, number) for number, chip in enumerate(CHIPS, 1)], [ALWAYS]) as server:
        server.config = msgspec.structs.replace(server.config, heartbeat_seconds=0.5, lease_days=36_500)
        yield server


@pytest.fixture
def wall(tmp_path):
    return LyingWall(tmp_path)


@pytest.fixture
def zuil(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE)
    yield zuil
    if zuil.process is not None and zuil.process.poll() is None:
        zuil.kill()
    LyingWall.sweep()


def knows_the_cards_as_of(zuil, server, *, seconds_ago):
    """Let the zuil hear the server at an earlier moment, and end it."""
    server.time_shift = -float(seconds_ago)
    zuil.start().ready()
    zuil.eventually(lambda state: server.heartbeats)
    server.time_shift = 0.0
    zuil.kill()


def boot_alone(zuil, server, wall):
    """Start the machine anew, with its own wall clock and without a network."""
    server.away = True
    zuil.start(environment=wall.environment)
    zuil.eventually(lambda state: state["ready"])


def back_online(zuil, server):
    server.away = False
    zuil.send("network", on=True)


def now_of(zuil):
    return datetime.fromisoformat(zuil.state()["now"])


def effective(upload, tap, server):
    """When a tap was, as the server derives it: the monotonic clocks of one boot (`docs/protocol.md`)."""
    assert upload.clock.boot == tap.clock.boot
    return server.received[tap.id] - (upload.clock.monotonic - tap.clock.monotonic)


@pytest.fixture
def server_notes_arrivals(server, monkeypatch):
    import time

    server.received, judge = {}, server._judge

    def noting(item):
        verdict = judge(item)
        tap = list(server.taps)[-1]
        server.received.setdefault(tap, int(time.time() * 1000))
        return verdict

    monkeypatch.setattr(server, "_judge", noting)


@pytest.mark.parametrize(
    "lie",
    [
        datetime(1970, 1, 1, 0, 0, 20, tzinfo=UTC),
        datetime(2019, 5, 1, 12, tzinfo=UTC),
        datetime(2036, 2, 29, 12, tzinfo=UTC),
    ],
    ids=["1970", "an old year", "a year to come"],
)
@pytest.mark.usefixtures("server_notes_arrivals")
def test_a_point_of_a_zuil_that_did_not_know_the_time_counts_on_the_true_day(zuil, server, wall, lie):
    knows_the_cards_as_of(zuil, server, seconds_ago=3 * DAY)
    wall.set(lie)
    begin = datetime.now(UTC)
    boot_alone(zuil, server, wall)
    believed = now_of(zuil)
    assert believed >= begin - timedelta(days=3, minutes=1), "never before what it knows to have passed"
    assert zuil.tap(CHIPS[0])["outcome"] == "ok"
    assert zuil.tap(CHIPS[0])["outcome"] == "maximum_reached"

    back_online(zuil, server)
    zuil.eventually(lambda state: state["queue"] == 0 and len(server.taps) == 2)
    zuil.eventually(lambda state: abs((now_of(zuil) - datetime.now(UTC)).total_seconds()) < 3)
    assert zuil.tap(CHIPS[0])["outcome"] == "maximum_reached", "it is still the day of that point"
    (tap, *_), upload = server.taps.values(), server.uploads[0]
    assert tap.clock.offset is None
    assert begin.timestamp() - 2 < effective(upload, tap, server) / 1000 < datetime.now(UTC).timestamp()


def test_time_goes_on_while_the_wall_stands_before_what_has_passed(zuil, server, wall):
    knows_the_cards_as_of(zuil, server, seconds_ago=0)
    wall.set(datetime(1970, 1, 1, tzinfo=UTC))
    boot_alone(zuil, server, wall)
    first = now_of(zuil)
    zuil.eventually(lambda state: datetime.fromisoformat(state["now"]) > first + timedelta(seconds=1))


@pytest.mark.usefixtures("server_notes_arrivals")
def test_a_clock_that_is_stepped_back_an_hour_while_people_tap_stops_nothing(zuil, server, wall):
    knows_the_cards_as_of(zuil, server, seconds_ago=DAY)
    wall.set(datetime.now(UTC))
    boot_alone(zuil, server, wall)
    begin = datetime.now(UTC).timestamp()
    for number, chip in enumerate(CHIPS):
        if number == 15:
            wall.set(datetime.now(UTC) - timedelta(hours=1))
        assert zuil.tap(chip)["outcome"] == "ok"
    back_online(zuil, server)
    zuil.eventually(lambda state: state["queue"] == 0)
    taps = list(server.taps.values())
    assert len(taps) == len(CHIPS)
    walls = [tap.clock.wall for tap in taps]
    assert walls[15] < walls[14] - 3_000_000, "the step is in the evidence"
    settled = [effective(server.uploads[0], tap, server) for tap in taps]
    assert settled == sorted(settled)
    assert begin - 2 < settled[0] / 1000 <= settled[-1] / 1000 < datetime.now(UTC).timestamp() + 1
    assert {zuil.tap(chip)["outcome"] for chip in (CHIPS[0], CHIPS[20])} == {"maximum_reached"}

    wall.set(datetime.now(UTC) - timedelta(hours=2))
    beats = len(server.heartbeats)
    zuil.eventually(lambda state: len(server.heartbeats) > beats + 2)


@pytest.mark.parametrize(
    ("midnight", "hours"),
    [(datetime(2027, 3, 28), 23), (datetime(2027, 10, 31), 25)],
    ids=["the short day in March", "the long day in October"],
)
def test_a_day_is_a_day_when_the_hour_changes(zuil, server, wall, midnight, hours):
    knows_the_cards_as_of(zuil, server, seconds_ago=0)
    begins = midnight.replace(tzinfo=BRUSSELS).astimezone(UTC)
    ends = begins + timedelta(hours=hours)
    wall.set(begins - timedelta(minutes=5))
    boot_alone(zuil, server, wall)
    assert zuil.tap(CHIPS[0])["outcome"] == "ok"
    for moment, outcome in [
        (begins + timedelta(minutes=1), "ok"),
        (begins + timedelta(hours=2, minutes=30), "maximum_reached"),
        (begins + timedelta(hours=3, minutes=30), "maximum_reached"),
        (ends - timedelta(minutes=1), "maximum_reached"),
        (ends + timedelta(minutes=1), "ok"),
    ]:
        wall.set(moment)
        assert zuil.tap(CHIPS[0])["outcome"] == outcome, moment
