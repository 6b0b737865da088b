"""Hand over, block and let in cards (rules 6.8, 6.9e, 6.12)."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, SQLModel, col, select

from server.cards.models import Card
from server.cards.ordering import PrefixFullError, make_digital
from server.cardsystems.models import CardSystem
from server.feed.changes import cards_changed
from server.kernel.audit import record
from server.passholders.models import Membership, Passholder
from server.registration.facts import Desk, Fault, RefusedError
from server.registration.lookups import Lookups
from shared.domain.checkin import CardState
from shared.domain.numbers import parse_uitpas_number


def hold_holder(session: Session, ref: int, *read: SQLModel) -> None:
    """Let nobody else change the cards and memberships of a pashouder until the commit.

    read: rows of his that were read before; they are read anew, as another counter may have changed them.

    Raises:
        RefusedError: he was deleted.
    """
    # Not FOR UPDATE: what refers to him may go on.
    held = select(Passholder.ref).where(Passholder.ref == ref).with_for_update(key_share=True)
    if session.exec(held).first() is None:
        raise RefusedError({"system": Fault.NOT_A_MEMBER})
    for row in read:
        session.refresh(row)


def find_card_to_give(lookups: Lookups, typed: str, desk: Desk, *, tariff: bool) -> Card:
    """Return the card with this UiTPAS number or chip number, locked: it lies here, and fits who gets it.

    Raises:
        RefusedError: it cannot be handed over at this counter to this person.
    """
    card = lookups.card(typed)
    is_given = card is not None and card.uitpas_number in lookups.given
    fault = Fault.CARD_TAKEN if is_given else _why_not(card, desk, tariff=tariff)
    if card is None or fault is not None:
        raise RefusedError({"card": fault or Fault.CARD_UNKNOWN})
    return card


def lies_at(card: Card, desks: Mapping[int, Desk]) -> bool:
    """Tell whether a card lies ready to be handed over at the counter at work."""
    desk = desks.get(card.card_system_id)
    return (
        desk is not None and card.state == CardState.LOCAL_STOCK.name and card.counter_id == desk.counter_id
    )


def give_card(session: Session, card: Card, ref: int, desk: Desk) -> None:
    """Hand a card over; the zuilen hear of it."""
    hand_over(card, ref, desk)
    cards_changed(session, [card.uitpas_number])


def hand_over(card: Card, ref: int, desk: Desk) -> None:
    """Make a card somebody's; the zuilen are to hear of it."""
    card.state, card.passholder_ref, card.counter_id = CardState.ACTIVE.name, ref, desk.counter_id


def give_digital_card(session: Session, ref: int, desk: Desk, *, tariff: bool) -> Card:
    """Make a digital card and give it to somebody.

    Raises:
        RefusedError: the card system has no numbers left.
    """
    try:
        card = make_digital(session, session.get_one(CardSystem, desk.system), social_tariff=tariff)
    except PrefixFullError as error:
        raise RefusedError({"card": Fault.NO_NUMBERS}) from error
    give_card(session, card, ref, desk)
    return card


def cards_of(session: Session, ref: int) -> list[Card]:
    """Return the cards that somebody has or had, by number."""
    query = select(Card).where(Card.passholder_ref == ref).order_by(col(Card.uitpas_number))
    return list(session.exec(query.execution_options(populate_existing=True)))


def block_card(session: Session, card: Card, desk: Desk) -> None:
    """Block a card, at a counter of any card system its holder is a member of (rules 6.12a).

    Raises:
        RefusedError: it is not in use, or its holder is no member here.
    """
    if card.state != CardState.ACTIVE.name or card.passholder_ref is None:
        raise RefusedError({"card": Fault.CARD_STATE})
    if session.get(Membership, (card.passholder_ref, desk.system)) is None:
        raise RefusedError({"system": Fault.NOT_A_MEMBER})
    card.state = CardState.BLOCKED.name
    cards_changed(session, [card.uitpas_number])
    _note(session, "block-card", card, desk)


def block_card_of(session: Session, card: Card, *, staff_id: int | None) -> None:
    """Block a card, as the KSB of a card system of its holder, or as the holder himself: None (rules 6.12a).

    Raises:
        RefusedError: it is not in use.
    """
    if card.state != CardState.ACTIVE.name or card.passholder_ref is None:
        raise RefusedError({"card": Fault.CARD_STATE})
    card.state = CardState.BLOCKED.name
    cards_changed(session, [card.uitpas_number])
    record(session, "block-card", "passholder", card.passholder_ref, staff_id=staff_id, detail=_said(card))


def fits(card: Card, membership: Membership) -> bool:
    """Tell whether a card shows what its holder is in its card system (rules 5.9)."""
    return parse_uitpas_number(card.uitpas_number).social_tariff == membership.social_tariff


def unblock_card(session: Session, card: Card, *, staff_id: int) -> None:
    """Let a blocked card work again; only the KSB of its card system does (rules 6.8).

    Raises:
        RefusedError: it is not blocked, nobody's, or no longer shows what its holder is (rules 5.9).
    """
    if card.passholder_ref is not None:
        hold_holder(session, card.passholder_ref, card)
    if card.state != CardState.BLOCKED.name or card.passholder_ref is None:
        raise RefusedError({"card": Fault.CARD_STATE})
    membership = session.get(Membership, (card.passholder_ref, card.card_system_id))
    if membership is None:
        raise RefusedError({"system": Fault.NOT_A_MEMBER})
    if not fits(card, membership):
        raise RefusedError({"card": Fault.CARD_OUTDATED})
    card.state = CardState.ACTIVE.name
    cards_changed(session, [card.uitpas_number])
    record(session, "unblock-card", "passholder", card.passholder_ref, staff_id=staff_id, detail=_said(card))


def holder_changed(session: Session, ref: int) -> None:
    """Have the zuilen hear that a pashouder or his memberships changed."""
    cards_changed(session, [card.uitpas_number for card in cards_of(session, ref)])


def _why_not(card: Card | None, desk: Desk, *, tariff: bool) -> Fault | None:
    if card is None:
        return Fault.CARD_UNKNOWN
    if card.card_system_id != desk.system or card.group_pass:
        return Fault.CARD_OTHER_SYSTEM
    if card.passholder_ref is not None:
        return Fault.CARD_TAKEN
    if card.state != CardState.LOCAL_STOCK.name or card.counter_id != desk.counter_id:
        return Fault.CARD_NOT_HERE
    is_for_tariff = parse_uitpas_number(card.uitpas_number).social_tariff
    if is_for_tariff and not tariff:
        return Fault.CARD_FOR_TARIFF
    return Fault.CARD_WITHOUT_TARIFF if tariff and not is_for_tariff else None


def _note(session: Session, action: str, card: Card, desk: Desk) -> None:
    record(
        session,
        action,
        "passholder",
        card.passholder_ref,
        staff_id=desk.staff_id,
        counter_id=desk.counter_id,
        detail=_said(card),
    )


def _said(card: Card) -> dict[str, object]:
    return {"card": card.uitpas_number, "card_system": card.card_system_id}
