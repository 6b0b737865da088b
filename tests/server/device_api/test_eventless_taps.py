"""A zuil that did not know the time has no event; once the time is settled, the server finds the event."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlmodel import select

from fakes.scene import EVENT, add_event, add_holders, add_kiosk, chip_of
from fakes.station import BOOT, Station
from server.cards.models import Card
from server.checkins.models import Checkin
from server.checkins.waiting import judge_waiting
from server.counters.models import Counter
from server.events.models import Event
from server.feed.changes import cards_changed
from server.feed.publisher import publish
from server.kiosks.models import Kiosk
from server.kiosks.setup import put_event
from shared.domain.outcomes import Outcome
from shared.wire.messages import Clock

LATER = "11111111-cc06-4c3c-9206-30481a767434"
HOUR = 3600.0
UPTIME = 90_000_000
MINE = chip_of(1)


def clock(*, ago=0.0, wall=datetime(1970, 1, 1, tzinfo=UTC), boot=BOOT, offset=None):
    """The clocks of a zuil `ago` seconds before now, of a boot in which the wall began wrong."""
    monotonic = round(UPTIME - ago * 1000)
    return Clock(wall=round(wall.timestamp() * 1000), monotonic=monotonic, boot=boot, offset=offset)


@pytest.fixture
def hand_in(station):
    """Hand in one tap of the first pashouder that has no event, with these clocks; return its verdict."""

    def hand_in(at, *, outcome=Outcome.NO_EVENT, chip=MINE, now=None, **fields):
        tap = msgspec.structs.replace(
            station.tap(chip, None, outcome=outcome, selection="none", **fields), clock=at
        )
        upload = msgspec.structs.replace(station.journal(tap), clock=now or clock())
        (verdict,) = station.upload(upload).verdicts
        return verdict

    return hand_in


def test_the_visit_gets_its_point_on_the_event_that_was_on(database, hand_in, station):
    verdict = hand_in(clock(ago=600))
    assert (verdict.verdict, verdict.outcome, verdict.points, verdict.total) == ("granted", "ok", 1, 1)
    with database.reading() as session:
        kept = session.exec(select(Checkin)).one()
        assert (kept.event_id, kept.shown, kept.outcome) == (EVENT, "no_event", "ok")
        assert abs(kept.at - (time.time() - 600) * 1000) < 5_000
    assert {one.event for one in station.follow().checkins or station.checkins.values()} == {EVENT}


def test_the_limit_of_the_event_holds_for_such_visits_too(database, hand_in):
    with database.writing() as session:
        event = session.get_one(Event, EVENT)
        event.limit_volume, event.limit_period = 1, "DAY"
    assert hand_in(clock(ago=600)).outcome == "ok"
    assert hand_in(clock(ago=300)).outcome == "maximum_reached"


@pytest.mark.parametrize(
    ("at", "now"),
    [
        ({"offset": 1_000}, {}),
        ({"wall": None}, {}),
        ({}, {"boot": "another boot"}),
        ({"ago": -600}, {}),
    ],
    ids=["it knew the time", "its wall was right", "nobody knows when it was", "its clocks contradict"],
)
def test_where_the_clock_was_not_to_blame_or_the_time_is_not_settled_it_stays_without(
    database, hand_in, at, now
):
    if "wall" in at:
        at = {"wall": datetime.now(UTC) - timedelta(seconds=600)}
    assert hand_in(clock(**{"ago": 600} | at), now=clock(**now)).outcome == "no_event"
    with database.reading() as session:
        assert session.exec(select(Checkin.event_id)).one() is None


def test_at_a_moment_without_an_event_there_was_none(hand_in):
    assert hand_in(clock(ago=20 * HOUR)).outcome == "no_event"


def test_visits_of_one_batch_fall_on_the_event_of_their_own_moment(database, region, station):
    assert region
    with database.writing() as session:
        start = datetime.now(UTC) - timedelta(hours=20)
        add_event(session, LATER, number=2, start=start, points=3)
    taps = [
        msgspec.structs.replace(station.tap(chip_of(ref), None, outcome="no_event"), clock=clock(ago=ago))
        for ref, ago in ((1, 19 * HOUR), (2, 19 * HOUR - 60), (3, 10 * HOUR), (4, 60))
    ]
    upload = msgspec.structs.replace(station.journal(*taps), clock=clock())
    verdicts = station.upload(upload).verdicts
    assert [(one.outcome, one.points) for one in verdicts] == [
        ("ok", 3),
        ("ok", 3),
        ("no_event", 0),
        ("ok", 1),
    ]


def test_the_choice_of_the_counter_goes_before(database, hand_in, station):
    with database.writing() as session:
        add_event(session, LATER, number=2, start=datetime.now(UTC) - timedelta(minutes=5), points=3)
        put_event(session, session.get_one(Kiosk, station.enrolment.kiosk), EVENT)
    assert hand_in(clock(ago=30)).points == 1


def test_only_events_of_the_counters_of_the_zuil(database, client, region):
    assert region
    with database.writing() as session:
        counter = Counter(name="Elders", organizer_id="11111111-9299-4528-8d35-92225dc9489f")
        session.add(counter)
        session.flush()
        _, code = add_kiosk(session, counter.id, "Elders")
    other = Station(client, code)
    tap = other.tap(MINE, None, outcome="no_event", sealed=True)
    upload = other.journal(msgspec.structs.replace(tap, clock=clock(ago=60)))
    assert other.upload(msgspec.structs.replace(upload, clock=clock())).verdicts[0].outcome == "no_event"


def test_a_refusal_of_the_card_stays_a_refusal(database, hand_in):
    with database.writing() as session:
        card = session.exec(select(Card).where(Card.passholder_ref == 1)).one()
        card.state = "BLOCKED"
        cards_changed(session, [card.uitpas_number])
    publish(database)
    assert hand_in(clock(ago=60), outcome=Outcome.CARD_BLOCKED).outcome == "card_blocked"


def test_an_unknown_card_waits_with_its_event_and_gets_the_point_when_it_becomes_known(database, hand_in):
    chip = chip_of(77)
    assert hand_in(clock(ago=60), chip=chip, sealed=True).outcome == "no_event"
    with database.writing() as session:
        add_holders(session, 1, first=77)
        session.flush()
        (judged,) = judge_waiting(session)
    assert judged.decision.outcome is Outcome.OK
