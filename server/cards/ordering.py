"""Numbers for cards that are to be printed (rules 6.3, 6.5, 6.9a)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, func, select

from server.cards.models import Card, CardKind, CardOrder
from server.cards.stock import lock_stock
from server.cardsystems.models import CardSystem
from server.feed.changes import cards_changed
from server.kernel.audit import record
from server.kernel.bulk import Bulk, Call, Insertion
from shared.domain.checkin import CardState
from shared.domain.numbers import PREFIX_DIGITS, SERIAL_DIGITS, SERIALS, make_uitpas_number
from shared.domain.packages import before

MOST: Final = 100_000
"""Cards in one order."""
PAGE: Final = 20
"""Orders on one page."""
_BATCH: Final = 10_000
_CREATE: Final = Insertion(
    "card",
    uitpas_number="text",
    card_system_id="int",
    state="text",
    group_pass="boolean",  # noqa: S106 - a column's type
    kind="text",
)


class PrefixFullError(ValueError):
    """A prefix has fewer numbers left than were asked for; `left` says how many."""

    def __init__(self, left: int) -> None:
        super().__init__(f"This prefix has {left} numbers left.")
        self.left = left


@dataclass(frozen=True)
class Wanted:
    """Cards to have printed: `count` of them, for holders with the kansentarief or for those without."""

    prefix: str
    count: int
    social_tariff: bool
    kind: CardKind = CardKind.CARD


def order_cards(session: Session, system: int, wanted: Wanted, now: datetime, *, staff_id: int) -> CardOrder:
    """Generate numbers that no card has, as cards that wait for their chip.

    Raises:
        PrefixFullError: the prefix has too few serials left.
    """
    lock_stock(session)
    first = _next_serial(session, wanted.prefix)
    if first + wanted.count > SERIALS:
        raise PrefixFullError(SERIALS - first)
    order = CardOrder(
        card_system_id=system,
        prefix=wanted.prefix,
        first_serial=first,
        count=wanted.count,
        social_tariff=wanted.social_tariff,
        kind=wanted.kind,
        made_at=now,
    )
    session.add(order)
    session.flush()
    rows = [
        (number, system, CardState.PROVISIONED.name, False, wanted.kind.value) for number in numbers_of(order)
    ]
    bulk = Bulk(session)
    for start in range(0, len(rows), _BATCH):
        bulk.run_all([Call(_CREATE, rows=rows[start : start + _BATCH])])
    detail = {"prefix": wanted.prefix, "count": wanted.count, "social_tariff": wanted.social_tariff}
    record(session, "order-cards", "card_system", system, staff_id=staff_id, detail=detail)
    return order


def make_digital(session: Session, system: CardSystem, *, social_tariff: bool) -> Card:
    """Make a card that is nothing but its number, with the first prefix that has one left.

    Raises:
        PrefixFullError: no prefix has.
    """
    lock_stock(session)
    for prefix in system.prefixes:
        serial = _next_serial(session, prefix)
        if serial < SERIALS:
            card = Card(
                uitpas_number=make_uitpas_number(prefix, serial, social_tariff=social_tariff),
                card_system_id=system.id,
                state=CardState.LOCAL_STOCK.name,
                kind=CardKind.DIGITAL,
            )
            session.add(card)
            session.flush()
            return card
    raise PrefixFullError(0)


def drop_order(session: Session, order: CardOrder, *, staff_id: int) -> int:
    """Have the numbers of an order that still wait for their chip deleted (rules 6.8); return how many."""
    first = f"{order.prefix}{order.first_serial:0{SERIAL_DIGITS}d}"
    last = f"{order.prefix}{order.first_serial + order.count - 1:0{SERIAL_DIGITS}d}"
    in_order = col(Card.uitpas_number).between(first, last + "99")
    waiting = col(Card.state) == CardState.PROVISIONED.name
    gone = session.execute(update(Card).where(in_order, waiting).values(state=CardState.DELETED.name))
    count: int = gone.rowcount  # type: ignore[attr-defined]
    if count:
        detail = {"prefix": order.prefix, "count": count}
        system = order.card_system_id
        record(session, "delete-cards", "card_system", system, staff_id=staff_id, detail=detail)
    return count


def drop_card(session: Session, card: Card, *, staff_id: int) -> bool:
    """Delete a card that nobody had yet (rules 6.8); False when it is too late for that."""
    if CardState[card.state] not in before(CardState.DELETED):
        return False
    card.state, card.package_id = CardState.DELETED.name, None
    record(session, "delete-cards", "card", card.uitpas_number, staff_id=staff_id, detail={"count": 1})
    cards_changed(session, [card.uitpas_number])
    return True


def numbers_of(order: CardOrder) -> Iterator[str]:
    """Yield the numbers of an order, in the order in which they are printed."""
    for serial in range(order.first_serial, order.first_serial + order.count):
        yield make_uitpas_number(order.prefix, serial, social_tariff=order.social_tariff)


def supplier_file(order: CardOrder) -> Iterator[bytes]:
    """Yield the lines of the list for the supplier: a number on each, as it comes back behind its chip."""
    for number in numbers_of(order):
        yield f'"{number}"\r\n'.encode()


def orders_of(session: Session, system: int, *, older_than: int | None = None) -> list[CardOrder]:
    """Return at most `PAGE` orders of a card system, the newest first; `older_than` is an id."""
    query = select(CardOrder).where(CardOrder.card_system_id == system).order_by(col(CardOrder.id).desc())
    if older_than is not None:
        query = query.where(col(CardOrder.id) < older_than)
    return list(session.exec(query.limit(PAGE)))


def _next_serial(session: Session, prefix: str) -> int:
    """Return the serial after the highest that a number with this prefix has, whoever made it."""
    above = f"{int(prefix) + 1:0{PREFIX_DIGITS}d}"
    numbers = col(Card.uitpas_number)
    highest = session.scalar(select(func.max(numbers)).where(numbers >= prefix, numbers < above))
    return int(highest[PREFIX_DIGITS:-2]) + 1 if highest else 0
