"""From what the reader sees to what people do."""

from __future__ import annotations

import os

import pytest

from device.core.presence import Field, Presence, Presented
from device.ports import NOTHING, Sight

ONE, TWO = bytes.fromhex("044D71DA862680"), bytes.fromhex("04A1B2C3D4E5F6")
LOOK = 0.06
HALF = Sight(half_read=True)


def card(*uids):
    return Sight(frozenset(uids))


def watch(*sights):
    """Look at the given sights, each for a number of looks; return what was presented, in order."""
    field, at, presented = Field(), 0.0, []
    for sight, looks in sights:
        for _ in range(looks):
            at += LOOK
            found = field.look(sight, at)
            if found:
                presented.append(found)
    return presented


def tapped(uid):
    return Presented(Presence.CARD, uid.hex().upper())


def test_a_card_held_for_ten_seconds_is_one_tap():
    assert watch((card(ONE), 170), (NOTHING, 20)) == [tapped(ONE)]


def test_a_card_that_flickers_in_the_field_is_one_tap():
    assert watch((card(ONE), 3), (NOTHING, 4), (card(ONE), 3), (NOTHING, 6), (card(ONE), 3)) == [tapped(ONE)]


def test_a_card_that_was_away_for_a_moment_is_a_new_tap():
    assert watch((card(ONE), 3), (NOTHING, 13), (card(ONE), 3)) == [tapped(ONE), tapped(ONE)]


def test_the_next_person_need_not_wait():
    assert watch((card(ONE), 3), (NOTHING, 6), (card(TWO), 1)) == [tapped(ONE), tapped(TWO)]


def test_the_next_card_at_once_is_the_next_person():
    assert watch((card(ONE), 3), (card(TWO), 8)) == [tapped(ONE), tapped(TWO)]


def test_the_next_card_at_once_counts_also_when_it_was_short():
    assert watch((card(ONE), 3), (card(TWO), 1), (NOTHING, 8)) == [tapped(ONE), tapped(TWO)]


def test_two_cards_that_take_turns_are_two_cards_told_once():
    shown = watch(*[(card(ONE), 1), (card(TWO), 1)] * 20)
    assert shown == [tapped(ONE), Presented(Presence.TWO)]


def test_two_cards_in_one_look_are_two_cards_and_no_tap():
    assert watch((card(ONE, TWO), 30)) == [Presented(Presence.TWO)]


def test_after_two_cards_one_alone_is_a_tap_again():
    shown = watch((card(ONE, TWO), 5), (NOTHING, 15), (card(ONE), 5))
    assert shown == [Presented(Presence.TWO), tapped(ONE)]


def test_a_card_pulled_away_before_it_was_read_is_told():
    assert watch((HALF, 2), (NOTHING, 20)) == [Presented(Presence.UNREADABLE)]


def test_a_card_half_read_and_then_read_is_just_a_tap():
    assert watch((HALF, 3), (card(ONE), 4), (NOTHING, 20)) == [tapped(ONE)]


def test_a_card_half_read_while_it_leaves_is_just_the_tap_it_was():
    assert watch((card(ONE), 4), (HALF, 1), (NOTHING, 30)) == [tapped(ONE)]


def test_a_card_that_cannot_be_read_at_all_is_told_once():
    assert watch((HALF, 100)) == [Presented(Presence.UNREADABLE)]


@pytest.mark.parametrize("uid", ["08A1B2C3", "5A173C01", "0102030405060708090A"])
def test_a_phone_or_a_bank_card_is_foreign(uid):
    assert watch((card(bytes.fromhex(uid)), 20)) == [Presented(Presence.FOREIGN)]


def test_a_phone_that_shows_another_number_each_time_is_one_foreign_card():
    looks = [(card(b"\x08" + os.urandom(3)), 1) for _ in range(50)]
    assert watch(*looks) == [Presented(Presence.FOREIGN)]


def test_a_reader_that_tells_of_removal_lets_the_same_card_tap_again_at_once():
    gone = Sight(removed=True)
    assert watch((card(ONE), 3), (gone, 1), (card(ONE), 1)) == [tapped(ONE), tapped(ONE)]
