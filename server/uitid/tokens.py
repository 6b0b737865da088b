"""Registration tokens: who has one knows the number and the birth date of a pashouder, or has his mail."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from sqlmodel import Session

from server.cards.models import Card
from server.kernel.notes import open_note, seal_note
from server.passholders.models import Passholder
from shared.domain.checkin import CardState
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number

TYPED: Final = timedelta(hours=1)
"""How long a token is good that was got with number and birth date."""
MAILED: Final = timedelta(days=60)
"""How long the link in a mail is good."""
PER_NUMBER: Final = (8, 600)
"""Attempts and seconds: nobody finds a birth date by trying."""
_PURPOSE: Final = "register"


class Proven(NamedTuple):
    """Whose token it is, and the card it was made for."""

    holder: Passholder
    uitpas_number: str


def holder_of_card(session: Session, typed: str, born: date) -> Proven | None:
    """Return who has a card that works and was born that day; None tells nothing of which is wrong."""
    try:
        number = parse_uitpas_number(typed).value
    except InvalidNumberError:
        return None
    card = session.get(Card, number)
    if card is None or card.group_pass or card.state != CardState.ACTIVE.name or card.passholder_ref is None:
        return None
    holder = session.get(Passholder, card.passholder_ref)
    return Proven(holder, number) if holder is not None and holder.birth_date == born else None


def counted_as(typed: str) -> str:
    """Return under what attempts at a UiTPAS number are counted: the same however it is typed."""
    try:
        return parse_uitpas_number(typed).value
    except InvalidNumberError:
        return typed


def make_token(session: Session, proven: Proven, now: datetime, life: timedelta = TYPED) -> str:
    """Return a registration token."""
    return seal_note(session, _PURPOSE, [proven.holder.ref, proven.uitpas_number], now + life)


def read_token(session: Session, token: str, now: datetime) -> Proven | None:
    """Return whose registration token this is; None when it is none, or not good any more."""
    content = open_note(session, _PURPOSE, token, now)
    if content is None:
        return None
    ref, number = content
    holder = session.get(Passholder, ref)
    return None if holder is None or holder.is_deleted else Proven(holder, str(number))
