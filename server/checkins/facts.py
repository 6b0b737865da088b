"""What a decision needs to know, read for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from server.cards.models import Card
from server.feed.rows import card_facts, memberships_of
from server.kernel.bulk import Bulk, Call, Statement
from server.kiosks.configuration import limit_of
from server.passholders.models import Membership, MembershipStatus
from shared.domain.calendars import Calendar
from shared.domain.checkin import CardFacts, EventFacts, facts_from_row
from shared.domain.periods import Limit
from shared.domain.windows import Window, next_window, windows
from shared.domain.zones import from_millis, local_day
from shared.wire.mapping import calendar_from_message
from shared.wire.messages import CalendarMessage

_FOR_EVER: Final = date.max

_BY_TOKEN: Final = Statement(
    "SELECT f.card_system_id, f.token, f.uitpas_number, f.passholder_ref, f.state, f.active_until,"
    " m.card_system_id, m.social_tariff_end, m.grace_days"
    " FROM {rows} JOIN card_feed f ON f.card_system_id = rows.system AND f.token = rows.token"
    " LEFT JOIN membership m ON m.passholder_ref = f.passholder_ref AND m.social_tariff"
    " AND m.status = 'active'",
    system="bigint",
    token="bigint",  # noqa: S106 - a column's type
)
_EVENTS: Final = Statement(
    "SELECT e.id, e.number, e.points, e.limit_volume, e.limit_period, e.calendar_kind,"
    " CAST(e.calendar AS text), (SELECT min(kc.counter_id) FROM kiosk_counter kc"
    " JOIN counter b ON b.id = kc.counter_id WHERE kc.kiosk = rows.kiosk"
    " AND (b.organizer_id = e.organizer_id OR b.place_id = e.place_id)), rows.kiosk"
    " FROM {rows} JOIN event e ON e.id = rows.id",
    id="text",
    kiosk="int",
)


class FoundCard(NamedTuple):
    """A card and its holder. `social_until`: last day of the kansentarief, None when there is none."""

    uitpas_number: str
    facts: CardFacts
    social_until: date | None

    def had_social_tariff(self, at: int) -> bool:
        """Tell whether the holder had the kansentarief at an instant in milliseconds (rules 7.5)."""
        return self.social_until is not None and self.social_until >= local_day(from_millis(at))


class FoundEvent(NamedTuple):
    """An event. `counter_id`: the counter of the asking zuil that organises or hosts it; None: none does."""

    id: str
    number: int
    points: int
    limit: Limit | None
    calendar: str
    counter_id: int | None

    def facts(self, at: datetime) -> EventFacts:
        """Return what a decision at an instant needs of it."""
        window = _window_at(self.calendar, at)
        opens = None if window is not None else _opens_next(self.calendar, at)
        return EventFacts(self.id, self.points, self.limit, window, opens)


def ask_cards(tokens: Iterable[tuple[int, int]]) -> Call:
    """Return the call that finds cards by (card system, token), as the feed gives them to the zuilen."""
    return Call(_BY_TOKEN, rows=sorted(set(tokens)))


def read_cards(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[int, int], FoundCard]:
    """Return (card system, token) -> card from the rows of `ask_cards`."""
    found: dict[tuple[int, int], FoundCard] = {}
    for system, token, number, passholder, state, until, social, end, grace in rows:
        known = found.get((system, token))
        facts = known.facts if known else facts_from_row(passholder, state, until)
        last = known.social_until if known else None
        if social is not None:
            last = max(last or date.min, _social_end(end, grace))
        found[system, token] = FoundCard(number, facts, last)
    return found


def cards_by_chip(session: Session, chip_numbers: Sequence[str]) -> dict[str, FoundCard]:
    """Return chip number -> card, as it is in the register now."""
    cards = session.scalars(select(Card).where(col(Card.chip_number).in_(chip_numbers))).all()
    return {str(card.chip_number): found for card, found in _with_holders(session, cards)}


def card_by_number(session: Session, uitpas_number: str) -> FoundCard | None:
    """Return the card with a UiTPAS number, as it is in the register now."""
    card = session.get(Card, uitpas_number)
    return None if card is None else _with_holders(session, [card])[0][1]


def events_by_id(bulk: Bulk, ids: Iterable[str], kiosk: int | None) -> dict[str, FoundEvent]:
    """Return id -> event; `kiosk` is the zuil that asks."""
    found = read_events(bulk.run(*ask_events((id_, kiosk) for id_ in ids)))
    return {id_: event for (id_, _), event in found.items()}


def ask_events(asked: Iterable[tuple[str, int | None]]) -> Call:
    """Return the call that finds events, each for the zuil that asks."""
    return Call(_EVENTS, rows=list(dict.fromkeys(asked)))


def read_events(rows: Iterable[tuple[Any, ...]]) -> dict[tuple[str, int | None], FoundEvent]:
    """Return (id, zuil) -> event from the rows of `ask_events`."""
    return {
        (id_, kiosk): FoundEvent(id_, number, points, limit_of(volume, period, kind), calendar, counter)
        for id_, number, points, volume, period, kind, calendar, counter, kiosk in rows
    }


def _with_holders(session: Session, cards: Sequence[Card]) -> list[tuple[Card, FoundCard]]:
    memberships = memberships_of(session, {card.passholder_ref for card in cards if card.passholder_ref})
    found = []
    for card in cards:
        own = memberships.get(card.passholder_ref or 0, [])
        facts = card_facts(card, own)
        found.append((card, FoundCard(card.uitpas_number, facts, _social_until(own))))
    return found


def _social_until(memberships: Iterable[Membership]) -> date | None:
    ends = [
        _social_end(one.social_tariff_end, one.grace_days)
        for one in memberships
        if one.social_tariff and one.status == MembershipStatus.ACTIVE
    ]
    return max(ends, default=None)


def _social_end(end: date | str | None, grace_days: int) -> date:
    if end is None:
        return _FOR_EVER
    # SQLite's driver gives dates as text.
    last = date.fromisoformat(end) if isinstance(end, str) else end
    return last + timedelta(days=grace_days)


def _window_at(calendar: str, at: datetime) -> Window | None:
    # Which of several open windows does not matter to a decision, only that there is one.
    return next((window for window in _windows(calendar, local_day(at)) if at in window), None)


def _opens_next(calendar: str, at: datetime) -> datetime | None:
    following = next_window(_calendar(calendar), at)
    return None if following is None else following.opens


@lru_cache(maxsize=8_192)
def _windows(calendar: str, day: date) -> tuple[Window, ...]:
    return tuple(windows(_calendar(calendar), day, day))


@lru_cache(maxsize=4_096)
def _calendar(text: str) -> Calendar:
    return calendar_from_message(msgspec.json.decode(text, type=CalendarMessage))
