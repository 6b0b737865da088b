"""Keys are replaced one by one while people go on tapping."""

from __future__ import annotations

import msgspec
import pytest

from device.core.tap import TapDesk, prepare
from fakes.zuil import CONCERT, KEY, KNOWN_CHIP, NOW, SYSTEM, UNKNOWN_CHIP, cards, concert, config, row
from shared.domain.outcomes import Outcome
from shared.wire.cards import card_token, encode_block
from shared.wire.messages import Changes, Tap

FRESH_KEY = bytes(range(32, 64))


@pytest.fixture
def take(cache, journal, link, clock):
    def take(chip):
        desk = TapDesk(cache, journal, link, clock)
        outcome = desk.take(chip, prepare(cache.config(), cache.former_keys())).outcome
        last = journal.pending(100).items[-1]
        return outcome, msgspec.json.decode(last.tap, type=Tap)

    return take


def rotated():
    old = config(concert(), version="2")
    systems = [msgspec.structs.replace(old.systems[0], token_key=FRESH_KEY)]
    return msgspec.structs.replace(old, systems=systems)


def under(key, chip, **fields):
    return row(chip, **fields)._replace(token=card_token(key, chip))


def test_until_the_cards_under_a_new_key_arrive_the_old_ones_are_good(cache, take):
    cache.apply(Changes(cursor="1.6", config=rotated()))
    assert cache.former_keys() == {SYSTEM: KEY}
    outcome, tap = take(KNOWN_CHIP)
    assert outcome is Outcome.OK
    assert tap.card == f"{card_token(FRESH_KEY, KNOWN_CHIP) % 2**64:016x}", "the server reads the new token"


def test_a_card_that_already_came_under_the_new_key_goes_first(cache, take):
    fresh = under(FRESH_KEY, KNOWN_CHIP, state=5)
    block = {str(SYSTEM): encode_block([fresh])}
    cache.apply(Changes(cursor="1.6", config=rotated(), cards=block))
    assert take(KNOWN_CHIP)[0] is Outcome.CARD_BLOCKED


def test_a_key_that_is_rotated_twice_before_the_cards_arrive_leaves_the_first_one_good(cache, take):
    cache.apply(Changes(cursor="1.6", config=rotated()))
    again = msgspec.structs.replace(
        rotated(),
        version="3",
        systems=[msgspec.structs.replace(rotated().systems[0], token_key=bytes(32))],
    )
    cache.apply(Changes(cursor="1.7", config=again))
    assert cache.former_keys() == {SYSTEM: KEY}
    assert take(KNOWN_CHIP)[0] is Outcome.OK


def test_another_configuration_with_the_same_key_is_no_rotation(cache):
    cache.apply(Changes(cursor="1.6", config=config(concert(), version="2"), cards=cards(row(UNKNOWN_CHIP))))
    assert cache.former_keys() == {}


def test_the_check_ins_of_before_still_count(cache, take):
    assert take(KNOWN_CHIP)[0] is Outcome.OK
    cache.apply(Changes(cursor="1.6", config=rotated()))
    outcome, tap = take(KNOWN_CHIP)
    assert (outcome, tap.event, NOW.year) == (Outcome.MAXIMUM_REACHED, CONCERT, 2026)
