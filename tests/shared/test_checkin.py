"""The decision for any card, event and history."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.checkin import CardFacts, CardState, EventFacts, decide, facts_from_row, pack_facts
from shared.domain.outcomes import Outcome
from shared.domain.periods import Limit, Period, period_bounds
from shared.domain.windows import Window

NOW = datetime(2026, 3, 14, 19, 30, tzinfo=UTC)
OPEN = Window(NOW - timedelta(hours=1), NOW + timedelta(hours=1), NOW, NOW)

instants = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))
limits = st.builds(Limit, st.integers(1, 5), st.sampled_from(Period))
until = st.none() | st.just(date.max) | st.dates(date(2000, 1, 2), date(2179, 6, 4))
cards = st.builds(
    CardFacts, st.sampled_from(CardState), st.none() | st.integers(1, 2**31), st.booleans(), until
)


def active(last: date | None = date.max) -> CardFacts:
    return CardFacts(CardState.ACTIVE, 7, active_until=last)


@given(cards)
def test_the_facts_of_a_card_survive_the_feed(card):
    assert facts_from_row(*pack_facts(card)) == card


@given(cards, st.lists(instants, max_size=6), instants)
def test_points_are_given_exactly_when_the_outcome_grants_them(card, earlier, now):
    event = EventFacts("event", 2, Limit(1, Period.DAY), Window(now, now + timedelta(hours=1), now, now))
    decision = decide(card, event, earlier, now)
    assert (decision.points > 0) == decision.outcome.grants_points


@given(cards, instants)
def test_only_an_active_card_with_a_membership_ever_earns(card, now):
    event = EventFacts("event", 1, None, Window(now, now + timedelta(hours=1), now, now))
    if decide(card, event, [], now).outcome is Outcome.OK:
        assert card.state is CardState.ACTIVE
        assert card.passholder is not None
        assert not card.group_pass
        assert card.active_until is not None


@given(limits, st.lists(instants, max_size=12))
def test_granted_visits_never_pass_the_limit_in_whatever_order_they_come(limit, moments):
    granted: list[datetime] = []
    for at in moments:
        event = EventFacts("event", 1, limit, Window(at, at + timedelta(hours=1), at, at))
        if decide(active(), event, granted, at).outcome is Outcome.OK:
            granted.append(at)
    for at in moments:
        start, end = period_bounds(limit.period, at)
        wanted = sum(start <= other < end for other in moments)
        assert sum(start <= other < end for other in granted) == min(limit.volume, wanted)


def test_a_problem_with_the_card_is_told_before_anything_else():
    blocked = CardFacts(CardState.BLOCKED, 7, active_until=date.max)
    assert decide(blocked, None, [], NOW).outcome is Outcome.CARD_BLOCKED
    assert decide(None, None, [], NOW).outcome is Outcome.UNKNOWN_CARD


def test_an_expired_kansenstatuut_saves_as_long_as_another_membership_lasts():
    event = EventFacts("event", 1, None, OPEN)
    assert decide(active(date(2026, 3, 13)), event, [], NOW).outcome is Outcome.SOCIAL_TARIFF_EXPIRED
    assert decide(active(date(2026, 3, 14)), event, [], NOW).outcome is Outcome.OK
    assert decide(active(date.max), event, [], NOW).outcome is Outcome.OK


def test_too_early_tells_when_and_over_tells_over():
    opens = NOW + timedelta(hours=2)
    early = decide(active(), EventFacts("event", 1, None, None, opens), [], NOW)
    assert (early.outcome, early.opens) == (Outcome.TOO_EARLY, opens)
    assert decide(active(), EventFacts("event", 1, None, None), [], NOW).outcome is Outcome.ENDED
