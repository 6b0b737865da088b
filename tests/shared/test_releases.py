"""Which release a zuil takes, which zuilen a roll-out is for, and when it halts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.releases import Formats, Host, Needs, Refusal, parse_version, refusal
from shared.domain.rollouts import Health, Verdict, bucket, is_within, judge_rollout

FORMATS = {"journal": Formats(1, 1), "cache": Formats(1, 1)}
HOST = Host("1.0.0", "aarch64", "3.11", FORMATS, {"journal": 1, "cache": 1})


def why(**asks):
    return refusal(Needs(**{"formats": FORMATS} | asks), HOST)


def test_versions_are_ordered_and_a_beta_comes_before_its_release():
    texts = ["0.9.12", "1.0.0-beta.2", "1.0.0-beta.10", "1.0.0", "1.0.1", "1.2.0", "1.10.0"]
    assert sorted(texts, key=parse_version) == texts


@pytest.mark.parametrize("text", ["", "1", "1.2", "v1.2.3", "1.2.3-beta", "1.2.3/../..", "1.2.3 ", "1.2.3\n"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(ValueError, match="is no version"):
        parse_version(text)


def test_a_release_that_asks_nothing_special_is_taken():
    assert why() is None


def test_libraries_for_another_machine_or_python_are_refused():
    assert why(machine="armv7l") == (Refusal.MACHINE, "armv7l")
    assert why(python="3.13") == (Refusal.PYTHON, "3.13")
    assert why(machine="aarch64", python="3.11") is None


def test_a_release_that_needs_a_newer_zuil_waits_for_the_one_in_between():
    assert why(minimum="1.0.1") == (Refusal.TOO_OLD, "1.0.1")
    assert why(minimum="1.0.0") is None


def test_a_release_that_cannot_read_the_journal_as_it_is_now_is_refused():
    newer = Host("2.0.0", "aarch64", "3.11", {"journal": Formats(2, 2)}, {"journal": 2})
    assert refusal(Needs(formats={"journal": Formats(1, 1)}), newer) == (Refusal.UNREADABLE, "journal")
    assert refusal(Needs(formats={}), newer) == (Refusal.UNREADABLE, "journal")


def test_a_format_changes_in_two_releases_so_that_there_is_always_a_way_back():
    reads_two = {**FORMATS, "journal": Formats(1, 2)}
    writes_two = {**FORMATS, "journal": Formats(2, 2)}
    assert why(formats=writes_two) == (Refusal.NO_WAY_BACK, "journal")
    assert why(formats=reads_two) is None
    between = Host("1.1.0", "aarch64", "3.11", reads_two, {"journal": 1, "cache": 1})
    assert refusal(Needs(formats=writes_two), between) is None


formats = st.builds(lambda low, more: Formats(low, low + more), st.integers(1, 4), st.integers(0, 3))


@given(st.lists(formats, min_size=1, max_size=6), st.integers(1, 4))
def test_whatever_is_offered_in_whatever_order_the_program_before_can_always_read_the_journal(offers, first):
    running, present = Formats(first, first), first
    for offered in offers:
        host = Host("1.0.0", "", "", {"journal": running}, {"journal": present})
        if refusal(Needs(formats={"journal": offered}), host) is None:
            before, running = running, offered
            present = max(present, offered.writes)
            assert present <= running.reads
            assert present <= before.reads


@given(st.integers(1, 10**6), st.integers(0, 100), st.integers(0, 100))
def test_a_zuil_within_a_percentage_is_within_every_larger_one(kiosk, percent, more):
    assert not is_within(kiosk, "1.4.0", 0)
    assert is_within(kiosk, "1.4.0", 100)
    assert not is_within(kiosk, "1.4.0", percent) or is_within(kiosk, "1.4.0", min(100, percent + more))


def test_a_percentage_is_about_that_part_of_the_zuilen_and_not_the_same_part_each_time():
    kiosks = range(1, 5_001)
    one, other = ({k for k in kiosks if is_within(k, version, 10)} for version in ("1.4.0", "1.5.0"))
    assert 400 < len(one) < 600
    assert len(one & other) < 100
    assert {bucket(k, "1.4.0") // 1_000 for k in kiosks} == set(range(10))


@pytest.mark.parametrize(
    ("tried", "failed", "verdict"),
    [
        (0, 0, Verdict.FINE),
        (1, 1, Verdict.FAILED),
        (10, 1, Verdict.FAILED),
        (11, 1, Verdict.FINE),
        (100, 2, Verdict.FINE),
        (100, 3, Verdict.FAILED),
        (1_000, 29, Verdict.FINE),
        (1_000, 30, Verdict.FAILED),
    ],
)
def test_a_rollout_halts_when_zuilen_go_back_but_not_for_one_in_many(tried, failed, verdict):
    assert judge_rollout(tried, failed, Health(tried - failed), Health(5_000)) is verdict


@pytest.mark.parametrize(
    ("updated", "others", "verdict"),
    [
        (Health(100, 2), Health(900, 20), Verdict.FINE),
        (Health(20, 3), Health(900, 9), Verdict.WORSE),
        (Health(3, 1), Health(900, 0), Verdict.FINE),
        (Health(100, 60), Health(900, 540), Verdict.FINE),
        (Health(100, 60), Health(900, 90), Verdict.WORSE),
        (Health(100, 12), Health(0, 0), Verdict.WORSE),
        (Health(100, 5), Health(0, 0), Verdict.FINE),
        (Health(3, 2), Health(3, 1), Verdict.FINE),
    ],
)
def test_a_rollout_halts_when_updated_zuilen_are_worse_off_than_the_others(updated, others, verdict):
    assert judge_rollout(updated.count, 0, updated, others) is verdict
