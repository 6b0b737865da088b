"""Rotating check-in codes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.codes import (
    CODE_LENGTH,
    POSTER_LENGTH,
    CodeVerdict,
    is_poster,
    make_code,
    make_poster_code,
    read_code,
    read_poster_code,
    verify_code,
)

KEY = b"k" * 32
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)

kiosks, events = st.integers(0, 2**20 - 1), st.integers(0, 2**25 - 1)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(kiosks, events, instants, st.integers(5, 300))
def test_a_fresh_code_is_valid_and_says_whose_it_is(kiosk, event, now, step):
    text = make_code(KEY, kiosk, event, now, step)
    code = read_code(text)
    assert (code.kiosk, code.event) == (kiosk, event)
    assert verify_code(KEY, code, now, step_seconds=step, tolerance_seconds=0) is CodeVerdict.VALID


@given(kiosks, events, instants)
def test_a_code_keeps_the_qr_in_its_small_mode(kiosk, event, now):
    text = make_code(KEY, kiosk, event, now)
    assert len(text) == CODE_LENGTH == 25
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@given(instants, st.integers(0, CODE_LENGTH - 1), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_changed_character_makes_it_invalid(now, place, letter):
    text = make_code(KEY, 7, 42, now)
    changed = text[:place] + letter + text[place + 1 :]
    if changed != text:
        assert verify_code(KEY, read_code(changed), now) is CodeVerdict.INVALID


def test_a_code_of_another_zuil_is_invalid():
    assert verify_code(b"x" * 32, read_code(make_code(KEY, 7, 42, NOON)), NOON) is CodeVerdict.INVALID


def test_a_code_lives_for_one_step_and_the_tolerance():
    code = read_code(make_code(KEY, 7, 42, NOON))
    moments = {
        timedelta(0): CodeVerdict.VALID,
        timedelta(seconds=44): CodeVerdict.VALID,
        timedelta(seconds=45): CodeVerdict.EXPIRED,
        timedelta(days=3650): CodeVerdict.EXPIRED,
        timedelta(seconds=-15): CodeVerdict.VALID,
        timedelta(seconds=-16): CodeVerdict.INVALID,
    }
    assert {after: verify_code(KEY, code, NOON + after) for after in moments} == moments


def test_a_code_is_the_same_during_one_step_and_new_in_the_next():
    codes = [make_code(KEY, 7, 42, NOON + timedelta(seconds=second)) for second in (0, 29, 30)]
    assert codes[0] == codes[1] != codes[2]


def test_a_link_in_any_case_is_read():
    text = make_code(KEY, 7, 42, NOON)
    assert read_code(f"https://zuil.example/c/{text.lower()}") == read_code(text)


@given(st.text(max_size=40))
def test_anything_else_is_not_a_code(text):
    code = read_code(text)
    assert code is None or verify_code(KEY, code, NOON) is CodeVerdict.INVALID


editions = st.integers(0, 2**15 - 1)


@given(st.binary(min_size=16, max_size=32), events, editions)
def test_a_posters_code_says_of_which_event_and_edition_it_is(key, event, edition):
    text = make_poster_code(key, event, edition)
    code = read_poster_code(f"https://zuil.example/c/{text.lower()}")
    assert (code.event, code.edition) == (event, edition)
    assert is_poster(key, code)
    assert len(text) == POSTER_LENGTH
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@given(events, editions, st.integers(0, 22), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_a_changed_character_makes_a_posters_code_invalid(event, edition, place, letter):
    text = make_poster_code(KEY, event, edition)
    changed = text[:place] + letter + text[place + 1 :]
    assert is_poster(KEY, read_poster_code(changed)) is (changed == text)
    assert not is_poster(b"x" * 32, read_poster_code(text))


@given(st.text(max_size=40))
def test_any_text_is_read_without_an_error_and_is_one_kind_of_code_at_most(text):
    assert read_code(text) is None or read_poster_code(text) is None


def test_a_zuils_code_is_no_posters_code_nor_the_other_way_round():
    assert read_poster_code(make_code(KEY, 7, 42, NOON)) is None
    assert read_code(make_poster_code(KEY, 42, 1)) is None
