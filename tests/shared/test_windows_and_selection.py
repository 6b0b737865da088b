"""Calendars, check-in windows and the choice of the event, for any calendar at any moment."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.calendars import AdjustedDays, Calendar, CalendarKind, OpeningHours, Span, occurrences
from shared.domain.selection import Candidate, SelectionReason, select_event
from shared.domain.windows import MARGIN, last_day, next_window, window_at, window_of, windows
from shared.domain.zones import BRUSSELS, local_day
from shared.wire.mapping import calendar_from_message, calendar_to_message

days = st.dates(date(2025, 12, 1), date(2027, 1, 31))
hours = st.times().map(lambda at: at.replace(second=0, microsecond=0))
instants = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=0)
)


@st.composite
def spans(draw):
    start = draw(instants)
    return Span(
        start, start + timedelta(minutes=draw(st.integers(0, 5000))), draw(st.booleans()), draw(st.booleans())
    )


opening_hours = st.builds(OpeningHours, st.frozensets(st.integers(1, 7), min_size=1), hours, hours)


@st.composite
def day_ranges(draw):
    first = draw(days)
    return first, first + timedelta(days=draw(st.integers(0, 60)))


adjusted_days = st.builds(
    lambda span, opening: AdjustedDays(*span, tuple(opening)),
    day_ranges(),
    st.lists(opening_hours, max_size=2),
)
dated = st.builds(
    lambda spans: Calendar(CalendarKind.MULTIPLE if len(spans) > 1 else CalendarKind.SINGLE, tuple(spans)),
    st.lists(spans(), min_size=1, max_size=4),
)
regular = st.builds(
    lambda span, opening, adjusted: Calendar(
        CalendarKind.PERIODIC if span else CalendarKind.PERMANENT,
        first=span and span[0],
        last=span and span[1],
        hours=tuple(opening),
        adjusted=tuple(adjusted),
    ),
    st.none() | day_ranges(),
    st.lists(opening_hours, max_size=2),
    st.lists(adjusted_days, max_size=2),
)
calendars = dated | regular
candidates = st.lists(calendars, max_size=5).map(
    lambda found: [Candidate(f"event-{index}", calendar) for index, calendar in enumerate(found)]
)


@given(calendars, instants)
def test_a_window_holds_now_exactly_when_saving_is_open(calendar, now):
    window = window_at(calendar, now)
    around = windows(calendar, local_day(now) - timedelta(days=2), local_day(now) + timedelta(days=2))
    assert (window is not None) == any(now in other for other in around)


@given(calendars, instants)
def test_the_next_window_opens_later_and_none_opens_before_it(calendar, now):
    upcoming = next_window(calendar, now)
    until = upcoming.opens if upcoming else now + timedelta(days=40)
    assert upcoming is None or upcoming.opens > now
    horizon = min(until, now + timedelta(days=40))
    between = windows(calendar, local_day(now), local_day(horizon))
    assert not any(now < window.opens < horizon for window in between)


@given(spans())
def test_a_window_is_five_hours_wider_when_the_start_is_known(span):
    window = window_of(span)
    if span.start_known:
        assert window.opens == span.start - MARGIN
        assert window.closes == span.end + MARGIN
    else:
        assert window.opens.astimezone(BRUSSELS).time() == time()
        assert window.opens <= span.start
    assert window.opens <= span.start <= span.end < window.closes


@given(calendars, days)
def test_occurrences_of_days_are_those_of_each_day_together(calendar, first):
    last = first + timedelta(days=3)
    apart = {
        span for shift in range(4) for span in occurrences(calendar, *[first + timedelta(days=shift)] * 2)
    }
    assert set(occurrences(calendar, first, last)) == apart


@given(calendars, st.integers(1, 800))
def test_after_the_last_day_of_a_calendar_nothing_is_open(calendar, later):
    end = last_day(calendar)
    if end == date.max:
        assert calendar.kind is CalendarKind.PERMANENT
    else:
        assert not windows(calendar, end + timedelta(days=1), end + timedelta(days=later))


@given(dated)
def test_the_last_day_of_moments_is_the_last_with_a_window(calendar):
    end = last_day(calendar)
    assert windows(calendar, end, end) or windows(calendar, end - timedelta(days=1), end)


def test_a_period_until_the_end_of_time_never_ends():
    assert last_day(Calendar(CalendarKind.PERIODIC, first=date(2026, 1, 1), last=date.max)) == date.max


@given(calendars)
def test_a_calendar_survives_the_wire(calendar):
    message = calendar_to_message(calendar)
    assert calendar_to_message(calendar_from_message(message)) == message


@settings(max_examples=200)
@given(candidates, instants, st.none() | st.integers(0, 5).map("event-{}".format), st.booleans())
def test_the_choice_stays_until_it_says_it_changes(events, now, manual, hold):
    choice = select_event(events, now, manual=manual, hold_manual=hold)
    assert now < choice.changes_at <= now + timedelta(days=1)
    for part in range(1, 8):
        later = now + (choice.changes_at - now) * part / 8
        again = select_event(events, later, manual=manual, hold_manual=hold)
        assert (again.event, again.reason, again.window) == (choice.event, choice.reason, choice.window)
    if choice.changes_at < now + timedelta(days=1):
        after = select_event(events, choice.changes_at, manual=manual, hold_manual=hold)
        assert (after.event, after.reason, after.window) != (choice.event, choice.reason, choice.window)


@given(candidates, instants, st.none() | st.integers(0, 5).map("event-{}".format))
def test_an_event_is_chosen_exactly_when_one_is_open(events, now, manual):
    choice = select_event(events, now, manual=manual)
    open_now = {candidate.id for candidate in events if window_at(candidate.calendar, now)}
    if manual in open_now:
        assert (choice.event, choice.reason) == (manual, SelectionReason.MANUAL)
    elif not open_now:
        assert (choice.event, choice.reason) == (None, SelectionReason.NONE)
    else:
        expected = SelectionReason.SINGLE if len(open_now) == 1 else SelectionReason.NEAREST
        assert choice.reason is expected
        assert choice.event in open_now
        nearest = min(abs(window_at(c.calendar, now).starts - now) for c in events if c.id in open_now)
        assert abs(choice.window.starts - now) == nearest


@given(candidates, instants)
def test_the_order_of_the_candidates_does_not_matter(events, now):
    assert select_event(events, now) == select_event(events[::-1], now)


def test_a_held_event_holds_its_place_without_a_window():
    choice = select_event([], datetime(2026, 1, 1, tzinfo=UTC), manual="event-0", hold_manual=True)
    assert (choice.event, choice.reason, choice.window) == ("event-0", SelectionReason.HELD, None)
