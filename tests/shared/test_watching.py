"""How a zuil is: the states, their delays and excuses, and one root for what is silent together."""

from datetime import UTC, date, datetime, time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.calendars import AdjustedDays, OpeningHours
from shared.domain.openings import Openings
from shared.domain.rootcause import MANY, Root, Scope, Stand, roots
from shared.domain.watching import (
    ERRORS,
    NEVER,
    Cause,
    Excuse,
    Facts,
    Noticed,
    State,
    Thresholds,
    judge,
)
from shared.domain.zones import to_millis

NOW = to_millis(datetime(2026, 11, 23, 9, 30, tzinfo=UTC))  # Monday 10:30 in Brussels
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
USUAL = Thresholds()
LIBRARY = Openings(
    (OpeningHours(frozenset({1, 2, 3, 4, 5}), time(10), time(18)),),
    (AdjustedDays(date(2026, 11, 24), date(2026, 11, 24)),),
)


def follow(facts, *, memory=None, seconds=0, now=NOW, **options):
    """Judge at `now`, and again after `seconds`."""
    first = judge(facts, memory or {}, USUAL, now, **options)
    return judge(facts, first.memory, USUAL, now + seconds * SECOND, **options) if seconds else first


def test_a_zuil_that_spoke_just_now_and_complains_of_nothing_is_ok():
    verdict = follow(Facts(heard=NOW))
    assert (verdict.state, verdict.causes) == (State.OK, ())
    assert verdict.again == NOW + USUAL.silent * SECOND


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, State.OK), (179, State.OK), (180, State.OFFLINE), (9_000, State.OFFLINE)]
)
def test_three_minutes_of_silence_is_offline(seconds, state):
    assert follow(Facts(heard=NOW - seconds * SECOND)).state is state


def test_a_closed_stream_is_believed_sooner_than_silence():
    facts = Facts(heard=NOW - 100 * SECOND, hung_up=NOW - 90 * SECOND)
    assert follow(facts).state is State.OFFLINE
    assert follow(Facts(heard=NOW - 10 * SECOND, hung_up=NOW - 90 * SECOND)).state is State.OK


def test_silence_while_this_server_did_not_listen_proves_nothing():
    facts = Facts(heard=NOW - 24 * HOUR, hung_up=NOW - 24 * HOUR, listening=NOW - 5 * SECOND)
    assert follow(facts).state is State.OK
    assert follow(facts).again == NOW - 5 * SECOND + USUAL.silent * SECOND


def test_a_zuil_that_was_offline_stays_so_until_it_speaks():
    begun = {"heard": NOW - HOUR, "listening": NOW - 5 * SECOND}
    assert follow(Facts(**begun, lost=NOW - HOUR + 180 * SECOND)).state is State.OFFLINE
    assert follow(Facts(heard=NOW - SECOND, lost=NOW - HOUR)).state is State.OK


def test_a_blocked_zuil_is_blocked_whatever_else():
    assert follow(Facts(heard=0, blocked=True, reader="away")).causes == (Cause.BLOCKED,)


def test_a_fault_counts_only_when_it_lasts():
    broken = Facts(heard=NOW, reader="The reader is away.")
    assert follow(broken).state is State.OK
    assert follow(broken).again == NOW + USUAL.delay * SECOND
    assert follow(broken, seconds=59).state is State.OK
    assert follow(broken, seconds=60).state is State.ERROR


def test_a_fault_that_comes_and_goes_stays_one_fault():
    memory = {Cause.READER: Noticed(NOW - HOUR, counts=True, over=None)}
    gone = follow(Facts(heard=NOW), memory=memory)
    assert gone.state is State.ERROR
    assert gone.again == NOW + USUAL.recover * SECOND
    over = judge(Facts(heard=NOW + 120 * SECOND), gone.memory, USUAL, NOW + 120 * SECOND)
    assert (over.state, over.memory) == (State.OK, {})


def test_a_measure_must_come_well_back_before_it_is_over():
    hot = {Cause.WARM: Noticed(NOW - HOUR, counts=True, over=None)}
    assert follow(Facts(heard=NOW, temperature=73.0), memory=hot).memory[Cause.WARM].over is None
    assert follow(Facts(heard=NOW, temperature=71.0), memory=hot).memory[Cause.WARM].over == NOW
    assert follow(Facts(heard=NOW, temperature=73.0)).memory == {}


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"faults": ("E21",)}, Cause.STORAGE),
        ({"faults": ("E72", "something else")}, Cause.POWER),
        ({"faults": ("3 taps are parked",)}, Cause.PARKED),
        ({"display": "The display cannot be used"}, Cause.DISPLAY),
        ({"temperature": 83.0}, Cause.HOT),
        ({"signal": -84}, Cause.SIGNAL),
        ({"disk_free": 120}, Cause.NEARLY_FULL),
        ({"wear": 90}, Cause.WORN),
        ({"followed": 4_000}, Cause.CARDS),
        ({"offset": -95_000}, Cause.CLOCK),
        ({"oldest": NOW - 45 * MINUTE}, Cause.QUEUE),
        ({"oldest": NOW - 5 * HOUR}, Cause.STUCK),
        ({"taps": 30, "refusals": 20}, Cause.REFUSALS),
    ],
)
def test_what_a_zuil_tells_becomes_its_cause(fields, cause):
    verdict = follow(Facts(heard=NOW, **fields), seconds=100)
    assert verdict.causes[0] is cause
    assert verdict.state is (State.ERROR if cause in ERRORS else State.WARNING)


def test_few_taps_say_nothing_of_refusals():
    assert follow(Facts(heard=NOW, taps=10, refusals=10), seconds=100).state is State.OK


def test_the_gravest_cause_is_named_first():
    verdict = follow(Facts(heard=NOW, faults=("E72", "E10"), signal=-90), seconds=100)
    assert verdict.causes == (Cause.READER, Cause.POWER, Cause.SIGNAL)


def test_a_closed_library_is_excused_until_a_while_after_it_opens():
    quiet = Facts(heard=NOW - 12 * HOUR)
    night = NOW - 90 * MINUTE  # nine o'clock
    assert judge(quiet, {}, USUAL, night, openings=LIBRARY).excuse is Excuse.CLOSED
    assert judge(quiet, {}, USUAL, night, openings=LIBRARY).again == NOW - 15 * MINUTE
    assert judge(quiet, {}, USUAL, NOW - 15 * MINUTE, openings=LIBRARY).excuse is Excuse.NONE
    tuesday = NOW + 24 * HOUR
    assert judge(quiet, {}, USUAL, tuesday, openings=LIBRARY).excuse is Excuse.CLOSED


def test_work_on_a_zuil_excuses_it_until_its_end():
    verdict = follow(Facts(heard=NOW - HOUR), maintenance_until=NOW + MINUTE)
    assert (verdict.state, verdict.excuse, verdict.again) == (
        State.OFFLINE,
        Excuse.MAINTENANCE,
        NOW + MINUTE,
    )
    assert follow(Facts(heard=NOW - HOUR), maintenance_until=NOW).excuse is Excuse.NONE


maybe = st.none() | st.integers(-10, 200)
facts_of = st.builds(
    Facts,
    heard=st.integers(NOW - HOUR, NOW),
    listening=st.integers(NOW - 2 * HOUR, NOW),
    hung_up=st.none() | st.integers(NOW - HOUR, NOW),
    blocked=st.booleans(),
    reader=st.sampled_from(["ok", "starting", "away"]),
    display=st.sampled_from(["ok", "away"]),
    faults=st.lists(st.sampled_from(["E10", "E21", "E72", "E99", "2 taps are parked"]), max_size=3).map(
        tuple
    ),
    oldest=st.none() | st.integers(NOW - 10 * HOUR, NOW),
    offset=st.integers(-100_000, 100_000),
    temperature=st.none() | st.floats(20, 100),
    signal=st.none() | st.integers(-100, -20),
    disk_free=maybe,
    wear=maybe,
    followed=st.none() | st.integers(0, 10_000),
    taps=st.integers(0, 100),
    refusals=st.integers(0, 100),
)
memories = st.dictionaries(
    st.sampled_from(sorted(set(Cause) - {Cause.SILENT, Cause.BLOCKED})),
    st.builds(
        Noticed,
        since=st.integers(NOW - HOUR, NOW),
        counts=st.booleans(),
        over=st.none() | st.integers(NOW - 5 * MINUTE, NOW),
    ),
    max_size=4,
)
hours = st.none() | st.just(LIBRARY)


@given(facts_of, memories, hours, st.none() | st.integers(NOW - HOUR, NOW + HOUR), st.integers(1, 10 * HOUR))
def test_nothing_changes_before_the_moment_a_judgement_names(facts, memory, openings, until, later):
    options = {"openings": openings, "maintenance_until": until}
    first = judge(facts, memory, USUAL, NOW, **options)
    assert NOW < first.again <= NEVER
    then = judge(facts, first.memory, USUAL, min(NOW + later, first.again - 1), **options)
    assert (then.state, then.excuse, then.causes) == (first.state, first.excuse, first.causes)


@given(facts_of, memories)
def test_every_zuil_that_is_left_alone_is_offline_in_the_end_or_blocked(facts, memory):
    now, verdict = NOW, judge(facts, memory, USUAL, NOW)
    for _ in range(60):
        if verdict.again == NEVER:
            break
        now = verdict.again
        verdict = judge(facts, verdict.memory, USUAL, now)
    assert verdict.state in (State.OFFLINE, State.BLOCKED)
    assert verdict.again == NEVER


@given(st.integers(NOW - 30 * 24 * HOUR, NOW + 400 * 24 * HOUR), st.integers(0, 2 * HOUR))
def test_opening_hours_hold_until_the_moment_they_name(now, grace):
    is_open, until = LIBRARY.at(now, grace)
    assert until > now
    assert LIBRARY.at(until - 1, grace)[0] is is_open


def test_a_place_that_is_always_open_closes_only_on_its_adjusted_days():
    always = Openings((), (AdjustedDays(date(2026, 12, 25), date(2026, 12, 25)),))
    christmas = to_millis(datetime(2026, 12, 24, 23, 0, tzinfo=UTC))
    assert always.at(NOW)[0]
    assert always.at(christmas - 1) == (True, christmas - SECOND) or not always.at(christmas - 1)[0]
    assert not always.at(christmas)[0]
    assert always.at(christmas + 24 * HOUR)[0]


def test_all_zuilen_of_a_counter_silent_is_one_cause():
    watched = [Stand(number, (1,), f"10.0.0.{number}") for number in range(1, 6)] + [Stand(9, (2,), "x")]
    assert set(roots(range(1, 6), watched).values()) == {Root(Scope.COUNTER, "1")}
    assert roots([1, 2], watched) == {1: Root(Scope.KIOSK, "1"), 2: Root(Scope.KIOSK, "2")}
    assert roots([9], watched) == {9: Root(Scope.KIOSK, "9")}


def test_one_address_silent_is_one_cause_over_counters():
    watched = [Stand(1, (1,), "a"), Stand(2, (2,), "a"), Stand(3, (3,), "b"), Stand(4, (3,), "")]
    assert set(roots([1, 2], watched).values()) == {Root(Scope.ADDRESS, "a")}
    assert roots([4], watched) == {4: Root(Scope.KIOSK, "4")}, "no address is no neighbour"


def test_half_of_everything_silent_is_one_cause():
    watched = [Stand(number, (number,), str(number)) for number in range(2 * MANY)]
    assert set(roots(range(MANY), watched).values()) == {Root(Scope.ALL, "")}
    assert len(set(roots(range(MANY - 1), watched).values())) == MANY - 1


stands = st.lists(
    st.builds(
        Stand,
        kiosk=st.integers(1, 40),
        counters=st.lists(st.integers(1, 5), max_size=2, unique=True).map(tuple),
        address=st.sampled_from(["", "a", "b", "c"]),
    ),
    max_size=40,
    unique_by=lambda stand: stand.kiosk,
)


@given(stands, st.sets(st.integers(1, 40)))
def test_every_silent_zuil_has_one_root_and_no_wide_root_holds_one_that_speaks(watched, silent):
    found = roots(silent, watched)
    assert set(found) == silent & {stand.kiosk for stand in watched}
    for stand in watched:
        if stand.kiosk not in silent:
            assert Root(Scope.ADDRESS, stand.address) not in found.values()
            assert all(Root(Scope.COUNTER, str(one)) not in found.values() for one in stand.counters)


def test_causes_are_ordered_by_gravity():
    ranks = [cause in ERRORS or cause in {Cause.BLOCKED, Cause.SILENT} for cause in Cause]
    assert all(before >= after for before, after in pairwise(ranks))
