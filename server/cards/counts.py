"""How many cards there are, from counts that triggers keep (`CardCount`): no scan over cards."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import delete, func, insert, select
from sqlmodel import Session, col

from server.cards.models import CardCount
from shared.domain.checkin import CardState

Counts = dict[tuple[CardState, bool], int]
"""(state, for holders with the kansentarief) -> how many cards."""


class CounterStock(NamedTuple):
    """The cards of one card system at a counter, or on their way to it (rules 6.9f)."""

    counter_id: int
    card_system_id: int
    social_tariff: bool
    on_the_way: int
    in_stock: int


def cards_of(session: Session, system: int) -> Counts:
    """Return how many cards of each kind a card system has."""
    query = (
        select(col(CardCount.state), col(CardCount.social_tariff), func.sum(col(CardCount.cards)))
        .where(col(CardCount.card_system_id) == system)
        .group_by(col(CardCount.state), col(CardCount.social_tariff))
    )
    found = session.execute(query)
    return {(CardState[state], bool(social)): int(cards) for state, social, cards in found if cards}


def stock_at(
    session: Session, *, system: int | None = None, counter_id: int | None = None
) -> list[CounterStock]:
    """Return what counters have and will have, of one card system or at one counter (rules 6.9f)."""
    query = (
        select(
            col(CardCount.counter_id),
            col(CardCount.card_system_id),
            col(CardCount.social_tariff),
            col(CardCount.state),
            func.sum(col(CardCount.cards)),
        )
        .where(
            col(CardCount.counter_id).is_not(None),
            col(CardCount.state).in_([CardState.SENT_TO_BALIE.name, CardState.LOCAL_STOCK.name]),
        )
        .group_by(
            col(CardCount.counter_id),
            col(CardCount.card_system_id),
            col(CardCount.social_tariff),
            col(CardCount.state),
        )
    )
    if system is not None:
        query = query.where(col(CardCount.card_system_id) == system)
    if counter_id is not None:
        query = query.where(col(CardCount.counter_id) == counter_id)
    found: dict[tuple[int, int, bool], dict[str, int]] = {}
    for counter, of_system, social, state, cards in session.execute(query):
        if not cards:
            continue
        found.setdefault((counter, of_system, bool(social)), {})[state] = int(cards)
    return [
        CounterStock(*key, own.get(CardState.SENT_TO_BALIE.name, 0), own.get(CardState.LOCAL_STOCK.name, 0))
        for key, own in sorted(found.items())
    ]


def add_up(session: Session) -> None:
    """Replace the rows there are by one for each thing counted; what others add meanwhile stays."""
    gone = session.execute(
        delete(CardCount).returning(
            col(CardCount.card_system_id),
            col(CardCount.counter_id),
            col(CardCount.state),
            col(CardCount.social_tariff),
            col(CardCount.cards),
        )
    )
    sums: dict[tuple[int, int | None, str, bool], int] = {}
    for *key, cards in gone:
        system, counter, state, social = key
        place = (system, counter, state, bool(social))
        sums[place] = sums.get(place, 0) + cards
    rows = [
        {
            "card_system_id": system,
            "counter_id": counter,
            "state": state,
            "social_tariff": social,
            "cards": cards,
        }
        for (system, counter, state, social), cards in sums.items()
        if cards
    ]
    if rows:
        session.execute(insert(CardCount), rows)
