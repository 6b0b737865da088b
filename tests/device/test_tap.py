"""One tap: decided, written down, and only then shown."""

from __future__ import annotations

import msgspec
import pytest

from device.core.tap import TapDesk, prepare
from device.ports import CacheError, JournalError
from fakes.zuil import (
    BLOCKED_CHIP,
    CONCERT,
    FOREVER,
    KNOWN_CHIP,
    NOW,
    SYSTEM,
    UNKNOWN_CHIP,
    AnsweringLink,
    concert,
    config,
    row,
)
from shared.domain.outcomes import Outcome
from shared.domain.zones import to_millis
from shared.wire.cards import encode_block
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import Changes, CheckinMessage, LookupAnswer, Tap, VerdictMessage


@pytest.fixture
def desk(cache, journal, link, clock):
    return TapDesk(cache, journal, link, clock)


@pytest.fixture
def setup(cache):
    return prepare(cache.config())


def recorded(journal):
    return [msgspec.json.decode(item.tap, type=Tap) for item in journal.pending(1000).items]


def test_a_known_card_gets_its_point_and_the_new_balance(desk, setup, journal):
    result = desk.take(KNOWN_CHIP, setup)
    assert (result.outcome, result.total, result.seq) == (Outcome.OK, 13, 1)
    (tap,) = recorded(journal)
    assert (tap.outcome, tap.event, tap.passholder, tap.points) == ("ok", CONCERT, 1, 1)
    assert tap.system == 1
    assert tap.clock.wall == to_millis(NOW)


def test_the_journal_holds_no_chip_number(desk, setup, journal, tmp_path):
    desk.take(KNOWN_CHIP, setup)
    journal.tidy()
    written = (tmp_path / "journal.db").read_bytes() + (tmp_path / "journal.db-wal").read_bytes()
    assert KNOWN_CHIP.encode() not in written
    assert bytes.fromhex(KNOWN_CHIP) not in written


def test_the_second_tap_on_the_same_day_changes_nothing(desk, setup, clock):
    desk.take(KNOWN_CHIP, setup)
    clock.forward(minutes=1)
    again = desk.take(KNOWN_CHIP, setup)
    assert (again.outcome, again.total) == (Outcome.MAXIMUM_REACHED, 13)


def test_a_point_saved_at_another_zuil_counts(desk, setup, cache):
    saved = CheckinMessage(id="elsewhere", passholder=1, event=CONCERT, at=to_millis(NOW) - 60_000)
    cache.apply(Changes(cursor="1.6", checkins=[saved]))
    assert desk.take(KNOWN_CHIP, setup).outcome is Outcome.MAXIMUM_REACHED


def test_a_check_in_that_comes_back_through_the_feed_counts_once(desk, cache, journal, clock):
    twice = prepare(config(concert(limit=(2, "DAY"))))
    desk.take(KNOWN_CHIP, twice)
    (own,) = recorded(journal)
    cache.apply(
        Changes(
            cursor="1.6", checkins=[CheckinMessage(id=own.id, passholder=1, event=CONCERT, at=own.clock.wall)]
        )
    )
    clock.forward(minutes=1)
    assert desk.take(KNOWN_CHIP, twice).outcome is Outcome.OK
    clock.forward(minutes=1)
    assert desk.take(KNOWN_CHIP, twice).outcome is Outcome.MAXIMUM_REACHED


def test_a_point_that_the_server_refused_no_longer_counts_here(desk, setup, journal, clock):
    desk.take(KNOWN_CHIP, setup)
    journal.acknowledge([VerdictMessage(seq=1, verdict="refused", outcome="card_blocked")], 1)
    clock.forward(minutes=1)
    assert desk.take(KNOWN_CHIP, setup).outcome is Outcome.OK


def test_a_blocked_card_is_recorded_as_refused(desk, setup, journal):
    assert desk.take(BLOCKED_CHIP, setup).outcome is Outcome.CARD_BLOCKED
    (tap,) = recorded(journal)
    assert (tap.outcome, tap.points) == ("card_blocked", 0)


def test_an_unknown_card_without_network_is_noted_and_sealed(desk, setup, journal):
    assert desk.take(UNKNOWN_CHIP, setup).outcome is Outcome.QUEUED_UNKNOWN
    (tap,) = recorded(journal)
    assert (tap.card, tap.sealed) == (None, b"sealed " + UNKNOWN_CHIP.encode())


def test_no_point_is_promised_to_an_unknown_card_while_nothing_is_open(desk, journal):
    nothing_on = prepare(config())
    assert desk.take(UNKNOWN_CHIP, nothing_on).outcome is Outcome.NO_EVENT


def test_an_unknown_card_with_network_is_asked_about(cache, journal, clock, setup):
    link = AnsweringLink(LookupAnswer(known=True, state=4, passholder=9, active_until=FOREVER, points=3))
    result = TapDesk(cache, journal, link, clock).take(UNKNOWN_CHIP, setup, asking=lambda: None)
    assert (result.outcome, result.total) == (Outcome.OK, 4)
    (tap,) = recorded(journal)
    assert tap.passholder == 9
    assert link.asked[0].event == CONCERT


def test_a_card_that_was_asked_about_gets_no_second_point_while_the_first_is_on_its_way(
    cache, journal, clock, setup
):
    link = AnsweringLink(LookupAnswer(known=True, state=4, passholder=9, active_until=FOREVER, points=3))
    desk = TapDesk(cache, journal, link, clock)
    assert desk.take(UNKNOWN_CHIP, setup, asking=lambda: None).outcome is Outcome.OK
    again = desk.take(UNKNOWN_CHIP, setup, asking=lambda: None)
    assert (again.outcome, again.total) == (Outcome.MAXIMUM_REACHED, 4)


def test_a_point_of_which_only_the_acknowledgement_was_lost_is_counted_once(cache, journal, clock):
    setup = prepare(config(concert(limit=(2, "DAY"))))
    link = AnsweringLink(LookupAnswer(known=True, state=4, passholder=9, active_until=FOREVER))
    desk = TapDesk(cache, journal, link, clock)
    desk.take(UNKNOWN_CHIP, setup, asking=lambda: None)
    (tap,) = recorded(journal)
    link.answer = msgspec.structs.replace(link.answer, points=1, checkins=[tap.clock.wall], ids=[tap.id])
    again = desk.take(UNKNOWN_CHIP, setup, asking=lambda: None)
    assert (again.outcome, again.total) == (Outcome.OK, 2)


def test_a_card_that_the_server_does_not_know_either_is_unknown(cache, journal, clock, setup):
    desk = TapDesk(cache, journal, AnsweringLink(LookupAnswer(known=False)), clock)
    assert desk.take(UNKNOWN_CHIP, setup, asking=lambda: None).outcome is Outcome.UNKNOWN_CARD


def test_a_server_that_does_not_answer_in_time_leaves_the_visit_noted(desk, setup):
    assert desk.take(UNKNOWN_CHIP, setup, asking=lambda: None).outcome is Outcome.QUEUED_UNKNOWN


def test_a_cache_that_cannot_be_read_still_lets_the_visit_be_noted(journal, link, clock, setup, cache):
    class BrokenCache(type(cache)):
        def card(self, token):
            raise CacheError("the file is damaged")

    cache.__class__ = BrokenCache
    assert TapDesk(cache, journal, link, clock).take(KNOWN_CHIP, setup).outcome is Outcome.QUEUED_UNKNOWN


def test_a_tap_that_cannot_be_written_down_is_never_green(cache, link, clock, setup, journal):
    class FullJournal(type(journal)):
        def append(self, tap_id, payload, granted):
            raise JournalError("the disk is full")

    journal.__class__ = FullJournal
    result = TapDesk(cache, journal, link, clock).take(KNOWN_CHIP, setup)
    assert (result.outcome, result.seq) == (Outcome.TECHNICAL, None)


def test_the_event_follows_the_clock(desk, setup, clock):
    clock.forward(hours=-6)
    assert desk.take(KNOWN_CHIP, setup).outcome is Outcome.NO_EVENT
    clock.forward(hours=2)
    assert desk.take(KNOWN_CHIP, setup).outcome is Outcome.OK
    clock.forward(hours=12)
    assert desk.take(KNOWN_CHIP, setup).outcome is Outcome.NO_EVENT


def test_a_held_event_says_when_it_opens(desk, clock):
    held = prepare(config(concert(), manual_event=CONCERT, hold_manual_event=True))
    clock.forward(hours=-6)
    result = desk.take(KNOWN_CHIP, held)
    assert result.outcome is Outcome.TOO_EARLY
    assert result.decision.opens is not None


def test_each_row_continues_the_chain(desk, setup, journal, clock):
    for _ in range(3):
        desk.take(KNOWN_CHIP, setup)
        clock.forward(seconds=1)
    batch = journal.pending(10)
    previous = bytes.fromhex(batch.previous)
    assert previous == GENESIS
    for item in batch.items:
        previous = chain_link(previous, bytes(item.tap))
        assert item.chain == previous.hex()
    assert len({tap.id for tap in recorded(journal)}) == 3


def acknowledge(journal):
    (item,) = journal.pending(10).items
    journal.acknowledge([VerdictMessage(seq=item.seq, verdict="granted", outcome="ok", points=1)], item.seq)
    return msgspec.json.decode(item.tap, type=Tap)


def test_the_balance_does_not_dip_between_the_acknowledgement_and_the_feed(desk, setup, journal):
    assert desk.take(KNOWN_CHIP, setup).total == 13
    acknowledge(journal)
    assert desk.take(KNOWN_CHIP, setup).total == 13


def test_a_point_that_the_feed_brought_is_not_counted_twice_before_the_acknowledgement(
    desk, setup, journal, cache
):
    desk.take(KNOWN_CHIP, setup)
    (tap,) = recorded(journal)
    new_balance = {str(SYSTEM): encode_block([row(KNOWN_CHIP, 1, points=13)])}
    checkin = CheckinMessage(id=tap.id, passholder=1, event=CONCERT, at=to_millis(NOW))
    cache.apply(Changes(cursor="1.2", cards=new_balance, checkins=[checkin]))
    assert desk.take(KNOWN_CHIP, setup).total == 13


def test_long_after_the_acknowledgement_only_the_feed_counts(desk, setup, journal, clock):
    desk.take(KNOWN_CHIP, setup)
    acknowledge(journal)
    clock.forward(minutes=11)
    assert desk.take(KNOWN_CHIP, setup).total == 12
