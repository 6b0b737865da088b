"""Group passes made, changed and blocked by the KSB (rules 12.6)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from server.cards.models import Card
from server.cards.packages import find_card
from server.feed.changes import cards_changed
from server.grouppasses.models import GroupPass
from server.kernel.audit import record
from shared.domain.checkin import CardState
from shared.domain.numbers import InvalidNumberError, parse_chip_number, parse_uitpas_number

PAGE: Final = 25
"""Group passes on one page."""


class CardFault(StrEnum):
    """Why a card cannot become a group pass."""

    UNKNOWN = "unknown"
    NOT_IN_STOCK = "not-in-stock"
    ONLY_WITH_TARIFF = "only-with-tariff"
    ONLY_WITHOUT_TARIFF = "only-without-tariff"


class CardRefusedError(Exception):
    """A card cannot become a group pass; nothing was changed."""

    def __init__(self, reason: CardFault) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class PassFacts:
    """What a group pass is; postcode and city are mandatory. tickets_per_year: None without kansentarief."""

    name: str
    postcode: str
    city: str
    street: str = ""
    email: str = ""
    telephone: str = ""
    tickets_per_year: int | None = None
    tariff_end: date | None = None


def make_group_pass(
    session: Session, system: int, number: str, facts: PassFacts, now: datetime, *, staff_id: int
) -> GroupPass:
    """Make a group pass of a card that a counter has in stock.

    Raises:
        CardRefusedError: the card is not there, or its kansen digit is not right (rules 5.9).
    """
    card = _free_card(session, system, number, has_tariff=facts.tickets_per_year is not None)
    made = GroupPass(uitpas_number=card.uitpas_number, card_system_id=system, made_at=now, **asdict(facts))
    session.add(made)
    card.state, card.group_pass = CardState.ACTIVE.name, True
    cards_changed(session, [card.uitpas_number])
    session.flush()
    record(session, "create", "group_pass", made.id, staff_id=staff_id, detail=_plain(facts))
    return made


def change_group_pass(session: Session, group_pass: GroupPass, facts: PassFacts, *, staff_id: int) -> bool:
    """Change a group pass; False when nothing is different. With or without kansentarief: that stays."""
    before = facts_of(group_pass)
    if before == facts:
        return False
    for name, value in asdict(facts).items():
        setattr(group_pass, name, value)
    detail = {"before": _plain(before), "after": _plain(facts)}
    record(session, "change", "group_pass", group_pass.id, staff_id=staff_id, detail=detail)
    return True


def block_group_pass(session: Session, group_pass: GroupPass, *, blocked: bool, staff_id: int) -> bool:
    """Block a group pass, or bring it back; False when it is so already."""
    card = session.get_one(Card, group_pass.uitpas_number, with_for_update=True)
    before, after = (
        (CardState.ACTIVE, CardState.BLOCKED) if blocked else (CardState.BLOCKED, CardState.ACTIVE)
    )
    if card.state != before.name:
        return False
    card.state = after.name
    cards_changed(session, [card.uitpas_number])
    action = "block" if blocked else "unblock"
    record(session, action, "group_pass", group_pass.id, staff_id=staff_id)
    return True


def replace_card(session: Session, group_pass: GroupPass, number: str, *, staff_id: int) -> None:
    """Give a group another card for the one it lost, which stops; what it used this year stays used.

    Raises:
        CardRefusedError: the card is not there, or its kansen digit is not right.
    """
    fresh = _free_card(
        session, group_pass.card_system_id, number, has_tariff=group_pass.tickets_per_year is not None
    )
    lost = session.get_one(Card, group_pass.uitpas_number, with_for_update=True)
    lost.state = CardState.BLOCKED.name
    fresh.state, fresh.group_pass = CardState.ACTIVE.name, True
    group_pass.uitpas_number = fresh.uitpas_number
    session.flush()
    numbers = [lost.uitpas_number, fresh.uitpas_number]
    cards_changed(session, numbers)
    detail = dict(zip(("before", "after"), numbers, strict=True))
    record(session, "replace-card", "group_pass", group_pass.id, staff_id=staff_id, detail=detail)


def facts_of(group_pass: GroupPass) -> PassFacts:
    """Return what a group pass is now."""
    return PassFacts(**{name: getattr(group_pass, name) for name in PassFacts.__dataclass_fields__})


def passes_of(
    session: Session, system: int, *, word: str = "", after: tuple[str, str] | None = None
) -> list[GroupPass]:
    """Return at most `PAGE` group passes of a card system by name; `after` is name and id to go on from.

    word: how the name begins; or a UiTPAS number.
    """
    query = select(GroupPass).where(GroupPass.card_system_id == system)
    if word:
        starts = func.lower(col(GroupPass.name)).startswith(word.lower(), autoescape=True)
        query = query.where(starts | (col(GroupPass.uitpas_number) == word.replace(" ", "")))
    if after is not None:
        name, id_ = after
        further = (col(GroupPass.name) > name) | ((col(GroupPass.name) == name) & (col(GroupPass.id) > id_))
        query = query.where(further)
    return list(session.exec(query.order_by(col(GroupPass.name), col(GroupPass.id)).limit(PAGE)))


def group_pass_with_id(session: Session, text: str) -> GroupPass | None:
    """Return a group pass; None also for what is no id."""
    try:
        return session.get(GroupPass, str(UUID(text)))
    except ValueError:
        return None


def find_group_pass(session: Session, typed: str) -> GroupPass | None:
    """Return the group pass of the card with this UiTPAS or chip number."""
    query = select(GroupPass).join(Card, col(Card.uitpas_number) == col(GroupPass.uitpas_number))
    try:
        query = query.where(Card.uitpas_number == parse_uitpas_number(typed).value)
    except InvalidNumberError:
        try:
            query = query.where(Card.chip_number == parse_chip_number(typed))
        except InvalidNumberError:
            return None
    return session.exec(query).first()


def is_replaced(session: Session, typed: str) -> bool:
    """Tell whether this is the number of a card that a group had before it got another one."""
    card = find_card(session, typed)
    return card is not None and card.group_pass and find_group_pass(session, typed) is None


def _free_card(session: Session, system: int, number: str, *, has_tariff: bool) -> Card:
    found = find_card(session, number)
    if found is None or found.card_system_id != system:
        raise CardRefusedError(CardFault.UNKNOWN)
    # Read anew: somebody may have taken it since.
    card = session.get_one(Card, found.uitpas_number, with_for_update=True, populate_existing=True)
    if card.state != CardState.LOCAL_STOCK.name:
        raise CardRefusedError(CardFault.NOT_IN_STOCK)
    is_for_tariff = parse_uitpas_number(card.uitpas_number).social_tariff
    if is_for_tariff != has_tariff:
        fault = CardFault.ONLY_WITH_TARIFF if is_for_tariff else CardFault.ONLY_WITHOUT_TARIFF
        raise CardRefusedError(fault)
    return card


def _plain(facts: PassFacts) -> dict[str, object]:
    end = facts.tariff_end.isoformat() if facts.tariff_end else None
    return {"name": facts.name, "tickets": facts.tickets_per_year, "until": end, "city": facts.city}
