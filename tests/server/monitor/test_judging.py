"""Zuilen are judged when news comes and when time decides, in sets, by whoever is first."""

import threading

import pytest
from sqlmodel import select

from fakes.field import HOUR, MINUTE, SECOND, START, new_field
from fakes.scene import SYSTEM, add_region
from server.cardsystems.models import CardSystem
from server.counters.models import CounterCardSystem
from server.kiosks.models import Kiosk
from server.kiosks.setup import block_kiosk, unblock_kiosk
from server.monitor.judging import GAP_MILLIS, judge_due, keep_listening
from server.monitor.models import KioskWatch, Maintenance, WatchRules
from server.monitor.rules import put_hours, put_rules
from server.monitor.runner import look
from shared.wire.messages import CalendarMessage, OpeningHoursMessage


@pytest.fixture
def field(database):
    with database.writing() as session:
        counter = add_region(session)
    return new_field(database, [counter], each=3)


def test_zuilen_in_use_are_watched_from_the_first_look_on(field):
    assert field.states() == dict.fromkeys(field.kiosks, "ok")


def test_a_silent_zuil_goes_offline_and_comes_back_and_both_are_written_down(field):
    quiet, *others = field.kiosks
    field.wait(240, speaking=others)
    assert field.states()[quiet] == "offline  silent"
    assert all(field.states()[other] == "ok" for other in others)
    field.speak(quiet)
    field.look()
    assert field.states()[quiet] == "ok"
    assert field.timeline(quiet) == [(180 * SECOND, "offline"), (240 * SECOND, "ok")]


def test_a_fault_counts_after_its_delay_without_another_heartbeat(field):
    kiosk = field.kiosks[0]
    field.speak(kiosk, reader="The card reader is away.", telemetry={"temperature": 77.0})
    field.look()
    assert field.states()[kiosk] == "ok"
    field.wait(60, step=5)
    assert field.states()[kiosk] == "error  reader,warm"


def test_after_an_outage_of_the_server_nobody_is_offline_at_once(field):
    field.wait(200, speaking=field.kiosks[1:])
    assert field.states()[field.kiosks[0]].startswith("offline")
    field.now += HOUR
    field.look()
    assert list(field.states().values()) == ["offline  silent", "ok", "ok"], "nobody listened for an hour"
    field.wait(170)
    assert list(field.states().values()) == ["offline  silent", "ok", "ok"]
    field.wait(20)
    assert list(field.states().values()) == ["offline  silent"] * 3


def test_several_looks_a_pulse_apart_are_no_outage(field):
    with field.database.writing() as session:
        keep_listening(session, field.now + GAP_MILLIS)
    field.now += 185 * SECOND
    with field.database.writing() as session:
        judge_due(session, field.now)
    assert set(field.states().values()) == {"offline  silent"}


def test_blocking_is_seen_at_the_next_look_and_unblocking_ends_the_watch(field):
    kiosk = field.kiosks[0]
    with field.database.writing() as session:
        block_kiosk(session, session.get_one(Kiosk, kiosk))
    field.look()
    assert field.states()[kiosk] == "blocked  blocked"
    with field.database.writing() as session:
        unblock_kiosk(session, session.get_one(Kiosk, kiosk))
    field.look()
    assert kiosk not in field.states(), "it waits for another enrolment"


def test_a_closed_place_and_work_on_a_zuil_excuse_it(field):
    closed, worked, plain = field.kiosks
    hours = CalendarMessage(
        kind="permanent", hours=[OpeningHoursMessage(days=[2, 3], opens="10:00", closes="18:00")]
    )
    with field.database.writing() as session:
        put_hours(session, closed, hours)
        session.add(Maintenance(kiosk=worked, starts=START + MINUTE, ends=START + 10 * MINUTE))
        session.get_one(KioskWatch, worked).due = 0
    field.wait(9 * 60)
    assert field.states() == {
        closed: "offline closed silent",
        worked: "offline maintenance silent",
        plain: "offline  silent",
    }
    field.wait(120)
    assert field.states()[worked] == "offline  silent", "the work is over, the zuil is not back"


def test_a_ksb_has_its_zuilen_judged_by_its_own_thresholds_at_once(field):
    field.wait(120)
    with field.database.writing() as session:
        rules = WatchRules(card_system_id=SYSTEM, thresholds={"silent": 100})
        assert put_rules(session, rules)
        assert not put_rules(session, WatchRules(card_system_id=SYSTEM, thresholds={"silent": 100}))
    field.look()
    assert set(field.states().values()) == {"offline  silent"}


def test_a_zuil_of_two_card_systems_goes_by_the_one_that_has_rules(field):
    field.wait(120)
    with field.database.writing() as session:
        counter = session.exec(select(CounterCardSystem.counter_id)).first()
        session.add(CardSystem(id=SYSTEM - 1, name="Zonder regels", token_key=b"z"))
        session.flush()
        session.add(CounterCardSystem(counter_id=counter, card_system_id=SYSTEM - 1))
        put_rules(session, WatchRules(card_system_id=SYSTEM, thresholds={"silent": 100}))
    field.look()
    assert set(field.states().values()) == {"offline  silent"}


def test_a_zuil_that_speaks_while_it_is_judged_keeps_its_news(field):
    kiosk = field.kiosks[0]
    field.now += 200 * SECOND
    if not field.database.is_postgresql:
        pytest.skip("SQLite has one writer")
    with field.database.writing() as judging:
        _, changed = None, None
        with field.database.writing() as speaking:
            speaking.get_one(KioskWatch, kiosk).due = 0
            speaking.get_one(KioskWatch, kiosk).heard = field.now
        _, changed = judge_due(judging, field.now)
    assert kiosk not in {one.kiosk for one in changed}
    assert field.states()[kiosk] == "ok"


def test_many_processes_that_look_at_once_write_each_transition_once(field):
    field.now += 200 * SECOND
    barrier = threading.Barrier(4)

    def one():
        barrier.wait()
        look(field.database, field.now, listening=False)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [field.timeline(kiosk) for kiosk in field.kiosks] == [[(200 * SECOND, "offline")]] * 3
