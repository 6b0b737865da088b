"""The zuil answers every golden vector as written: through its real cache, journal and schedule."""

from __future__ import annotations

import msgspec
import pytest

from device.core.tap import TapDesk, prepare
from fakes.golden import GoldenCase, golden_cases
from fakes.zuil import KEY, KNOWN_CHIP, SYSTEM, AnsweringLink, config
from shared.domain.zones import to_millis
from shared.wire.cards import CardRow, card_token, encode_block
from shared.wire.messages import Changes, CheckinMessage, LookupAnswer, Tap


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_the_zuil_decides_as_written(case: GoldenCase, empty_cache, journal, clock):
    clock.now = case.now
    setup = config(*case.events, manual_event=case.manual, hold_manual_event=case.hold)
    empty_cache.apply(changes(case, setup))
    desk = TapDesk(empty_cache, journal, AnsweringLink(LookupAnswer(known=False)), clock)
    result = desk.take(KNOWN_CHIP, prepare(empty_cache.config()), asking=lambda: None)

    (item,) = journal.pending(1).items
    tap = msgspec.json.decode(item.tap, type=Tap)
    assert tap.event == case.expect["event"]
    assert tap.selection == case.expect["reason"]
    assert result.outcome == tap.outcome == case.expect["outcome"]
    assert result.decision.points == tap.points == case.expect.get("points", 0)
    if "opens" in case.expect:
        assert result.decision.opens.isoformat() == utc(case.expect["opens"])


def changes(case, setup):
    cards = {}
    if case.row is not None:
        passholder, state, until = case.row
        row = CardRow(card_token(KEY, KNOWN_CHIP), passholder, state, until, 0)
        cards = {str(SYSTEM): encode_block([row])}
    checkins = [
        CheckinMessage(id=f"before-{number}", passholder=case.row[0], event=case.on, at=to_millis(at))
        for number, at in enumerate(case.earlier)
    ]
    return Changes(cursor="1.1", config=setup, cards=cards, checkins=checkins)


def utc(text):
    from datetime import UTC, datetime

    return datetime.fromisoformat(text).astimezone(UTC).isoformat()
