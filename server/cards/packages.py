"""Packages on their way: to a counter, arrived there, called back (rules 6.8, 6.9c-e)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy import exists, select, update
from sqlmodel import Session, col, func

from server.cards.levels import watch_stock
from server.cards.models import Card, CardPackage
from server.cardsystems.rights import CounterRight
from server.counters.rights import rights_of
from server.feed.changes import cards_changed
from server.kernel.audit import record
from shared.domain.cardchecks import CardRefusal, CounterPowers, shipping_refusal
from shared.domain.checkin import CardState
from shared.domain.numbers import InvalidNumberError, parse_chip_number, parse_uitpas_number
from shared.domain.packages import before

PAGE: Final = 25
"""Packages on one page."""


class Refusal(StrEnum):
    """Why a package does not move."""

    UNKNOWN_CARD = "unknown-card"
    NO_PACKAGE = "no-package"
    NOT_IN_STOCK = "not-in-stock"
    NOT_ON_THE_WAY = "not-on-the-way"
    NOT_AT_A_COUNTER = "not-at-a-counter"
    OTHER_COUNTER = "other-counter"


class MoveRefusedError(Exception):
    """A package does not move; nothing was changed."""

    def __init__(self, reason: Refusal | CardRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Contents(NamedTuple):
    """The cards of a package that nobody has yet: how many, the first and the last number."""

    cards: int
    first: str
    last: str


class Mover(NamedTuple):
    """Who moves packages: a KSB, or someone at the counter `counter_id`."""

    staff_id: int
    counter_id: int | None = None


def powers_of(session: Session, counter_id: int, system: int) -> CounterPowers:
    """Return what a counter may do with the cards of a card system."""
    rights = rights_of(session, counter_id).get(system, frozenset())
    return CounterPowers(
        registers=CounterRight.REGISTER in rights,
        grants_social_tariff=CounterRight.GRANT_SOCIAL_TARIFF in rights,
    )


def find_card(session: Session, typed: str, system: int | None = None) -> Card | None:
    """Return the card with this UiTPAS or chip number, in a card system or in any."""
    try:
        wanted = col(Card.uitpas_number) == parse_uitpas_number(typed).value
    except InvalidNumberError:
        try:
            wanted = col(Card.chip_number) == parse_chip_number(typed)
        except InvalidNumberError:
            return None
    query = select(Card).where(wanted)
    if system is not None:
        query = query.where(col(Card.card_system_id) == system)
    return session.scalars(query).first()


def package_with(session: Session, typed: str, system: int | None = None) -> CardPackage:
    """Return the package of the card with this UiTPAS or chip number.

    Raises:
        MoveRefusedError: there is no such card, or it is in no package.
    """
    card = find_card(session, typed, system)
    if card is None:
        raise MoveRefusedError(Refusal.UNKNOWN_CARD)
    if card.package_id is None:
        raise MoveRefusedError(Refusal.NO_PACKAGE)
    return session.get_one(CardPackage, card.package_id)


def packages_in(
    session: Session,
    state: CardState,
    *,
    system: int | None = None,
    counter_id: int | None = None,
    after: int = 0,
) -> list[CardPackage]:
    """Return at most `PAGE` packages with cards in a state; `after` is the id to go on from.

    Those in stock oldest first, as they should leave; others newest first, as they still hold cards.
    """
    held = exists().where(col(Card.package_id) == col(CardPackage.id), col(Card.state) == state.name)
    query = select(CardPackage).where(col(CardPackage.state) == state.name, held)
    if system is not None:
        query = query.where(col(CardPackage.card_system_id) == system)
    if counter_id is not None:
        query = query.where(col(CardPackage.counter_id) == counter_id)
    id_ = col(CardPackage.id)
    if state is CardState.STOCK:
        query = query.where(id_ > after).order_by(id_)
    else:
        query = (query.where(id_ < after) if after else query).order_by(id_.desc())
    return list(session.scalars(query.limit(PAGE)))


def contents_of(session: Session, packages: Sequence[CardPackage]) -> dict[int, Contents]:
    """Return package id -> the cards that are still in it; an empty one is left out."""
    query = (
        select(
            col(Card.package_id),
            func.count(),
            func.min(col(Card.uitpas_number)),
            func.max(col(Card.uitpas_number)),
        )
        .where(
            col(Card.package_id).in_([one.id for one in packages]), col(Card.state).in_({*map(str, _HELD)})
        )
        .group_by(col(Card.package_id))
    )
    return {package: Contents(cards, first, last) for package, cards, first, last in session.execute(query)}


def loose_cards(session: Session, system: int, counter_id: int, *, after: str = "") -> list[str]:
    """Return the numbers of at most `PAGE` cards at a counter that are in no package; `after` goes on."""
    query = (
        select(col(Card.uitpas_number))
        .where(
            col(Card.counter_id) == counter_id,
            col(Card.state) == CardState.LOCAL_STOCK.name,
            col(Card.card_system_id) == system,
            col(Card.package_id).is_(None),
            col(Card.uitpas_number) > after,
        )
        .order_by(col(Card.uitpas_number))
    )
    return list(session.scalars(query.limit(PAGE)))


def send_packages(
    session: Session, ids: Collection[int], counter_id: int, now: datetime, mover: Mover
) -> int:
    """Send packages from the stock to a counter, all of them or none; return how many cards.

    Raises:
        MoveRefusedError: one is not in stock, or the counter may not have such cards (rules 6.9e 3, 4).
    """
    packages = _locked(session, ids)
    for package in packages:
        powers = powers_of(session, counter_id, package.card_system_id)
        refusal = shipping_refusal(powers, social_tariff=package.social_tariff)
        if refusal is not None:
            raise MoveRefusedError(refusal)
        _require(package.state == CardState.STOCK.name, Refusal.NOT_IN_STOCK)
        watch_stock(session, package.card_system_id, counter_id, social_tariff=package.social_tariff)
    return _move(session, packages, _Step(CardState.SENT_TO_BALIE, now, counter_id), mover)


def confirm_arrival(session: Session, ids: Collection[int], now: datetime, mover: Mover) -> int:
    """Say that packages arrived at their counter (rules 6.9d); return how many cards.

    Someone at a counter does so for that counter only.

    Raises:
        MoveRefusedError: one is not on its way, or is on its way elsewhere.
    """
    packages = _locked(session, ids)
    for package in packages:
        _require(mover.counter_id in (None, package.counter_id), Refusal.OTHER_COUNTER)
        _require(package.state == CardState.SENT_TO_BALIE.name, Refusal.NOT_ON_THE_WAY)
    return _move(session, packages, _Step(CardState.LOCAL_STOCK, now), mover)


def call_back(session: Session, ids: Collection[int], now: datetime, mover: Mover) -> int:
    """Have packages come back from a counter; what people have by now stays theirs. Return how many cards.

    Raises:
        MoveRefusedError: one is at no counter and on its way to none.
    """
    packages = _locked(session, ids)
    for package in packages:
        _require(package.state != CardState.STOCK.name, Refusal.NOT_AT_A_COUNTER)
    return _move(session, packages, _Step(CardState.STOCK, now), mover)


_HELD: Final = (CardState.STOCK.name, CardState.SENT_TO_BALIE.name, CardState.LOCAL_STOCK.name)


def _require(holds: bool, refusal: Refusal) -> None:  # noqa: FBT001 - read as a sentence
    if not holds:
        raise MoveRefusedError(refusal)


def _locked(session: Session, ids: Collection[int]) -> list[CardPackage]:
    query = select(CardPackage).where(col(CardPackage.id).in_(ids)).order_by(col(CardPackage.id))
    packages = list(session.scalars(query.with_for_update()))
    _require(len(packages) == len(set(ids)) > 0, Refusal.NO_PACKAGE)
    return packages


class _Step(NamedTuple):
    """Where packages go. counter_id: None: they stay where they are, or come back to the stock."""

    state: CardState
    at: datetime
    counter_id: int | None = None


def _move(session: Session, packages: Sequence[CardPackage], step: _Step, mover: Mover) -> int:
    """Bring packages to a state, and the cards in them that can become it; return how many cards."""
    total = 0
    for package in packages:
        place = None if step.state is CardState.STOCK else step.counter_id or package.counter_id
        moved = _move_cards(session, package, step.state, place)
        record(
            session,
            _DEEDS[step.state],
            "card_system",
            package.card_system_id,
            staff_id=mover.staff_id,
            counter_id=mover.counter_id,
            detail={"package": package.id, "count": len(moved), "counter": place or package.counter_id},
        )
        package.state, package.counter_id, package.moved_at = step.state.name, place, step.at
        cards_changed(session, moved)
        total += len(moved)
    return total


def _move_cards(
    session: Session, package: CardPackage, state: CardState, counter_id: int | None
) -> Sequence[str]:
    movable = {one.name for one in before(state)} & {package.state}
    return session.scalars(
        update(Card)
        .where(col(Card.package_id) == package.id, col(Card.state).in_(movable))
        .values(state=state.name, counter_id=counter_id)
        .returning(col(Card.uitpas_number))
        .execution_options(synchronize_session=False)
    ).all()


_DEEDS: Final = {
    CardState.SENT_TO_BALIE: "send-cards",
    CardState.LOCAL_STOCK: "confirm-cards",
    CardState.STOCK: "call-cards-back",
}
