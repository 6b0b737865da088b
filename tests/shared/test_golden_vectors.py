"""The rules answer every golden vector as written."""

from datetime import datetime

import pytest

from fakes.golden import GoldenCase, golden_cases
from shared.domain.checkin import EventFacts, decide, facts_from_row
from shared.domain.selection import Candidate, select_event
from shared.domain.windows import next_window
from shared.wire.mapping import calendar_from_message, limit_from_message


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.name)
def test_the_rules_decide_as_written(case: GoldenCase):
    calendars = {event.id: calendar_from_message(event.calendar) for event in case.events}
    candidates = [Candidate(event, calendar) for event, calendar in calendars.items()]
    selection = select_event(candidates, case.now, manual=case.manual, hold_manual=case.hold)
    event = next((event for event in case.events if event.id == selection.event), None)
    facts = event and EventFacts(
        id=event.id,
        points=event.points,
        limit=limit_from_message(event.limit),
        window=selection.window,
        opens_next=(upcoming := next_window(calendars[event.id], case.now)) and upcoming.opens,
    )
    card = None if case.row is None else facts_from_row(*case.row)
    assert card == case.card
    earlier = case.earlier if case.on == selection.event else ()
    decision = decide(card, facts, earlier, case.now)

    assert selection.event == case.expect["event"]
    assert selection.reason == case.expect["reason"]
    assert decision.outcome == case.expect["outcome"]
    assert decision.points == case.expect.get("points", 0)
    if "opens" in case.expect:
        assert decision.opens == datetime.fromisoformat(case.expect["opens"])
    if "changes_at" in case.expect:
        assert selection.changes_at == datetime.fromisoformat(case.expect["changes_at"])
