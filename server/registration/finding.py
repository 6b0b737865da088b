"""Who is it? Found by card number, chip number, national number or name (rules 6.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.kernel.database import vault_of
from server.passholders.insz import InvalidInszError, insz_digest, parse_insz
from server.passholders.models import Passholder, PassholderDetails
from server.passholders.names import words_of
from server.passholders.namesearch import find_by_beginning, find_by_name
from server.registration.facts import Person
from shared.domain.numbers import (
    CheckDigitError,
    InvalidNumberError,
    KansenDigitError,
    parse_chip_number,
    parse_uitpas_number,
)

MOST: Final = 20
"""People on one list."""
_ALIKE: Final = 500
"""People whose names begin alike, among whom somebody is looked for."""
_DIGITS: Final = 18
"""No reference is longer, and no database keeps what is."""


class Found(NamedTuple):
    """Who was found. `exact`: by a number, which is one person's; `card`: the number was a card's.

    more: there are more people than are listed.
    """

    people: list[Passholder]
    exact: bool = False
    more: bool = False
    card: Card | None = None


def find_people(session: Session, text: str, systems: Iterable[int]) -> Found:
    """Return who is meant: by a number, anyone; by a name, members of `systems` only, at most `MOST`."""
    return find_by_number(session, text) or find_named(session, text, systems)


def find_by_number(session: Session, text: str) -> Found | None:
    """Return whose number this is, None for what is no number: a card's, or a national number."""
    card = _card(session, text)
    if card is not None:
        holder = session.get(Passholder, card.passholder_ref) if card.passholder_ref else None
        return Found([holder] if holder else [], exact=True, card=card)
    try:
        digest = insz_digest(vault_of(session), parse_insz(text))
    except InvalidInszError:
        return None
    owner = select(PassholderDetails.passholder_ref).where(PassholderDetails.insz_digest == digest)
    query = select(Passholder).where(col(Passholder.ref).in_(owner))
    return Found(list(session.exec(query)), exact=True)


def find_named(session: Session, text: str, systems: Iterable[int]) -> Found:
    """Return members of `systems` with this in their names, at most `MOST`."""
    named = find_by_name(session, text, systems, MOST + 1)
    return Found(named[:MOST], more=len(named) > MOST)


def find_same(session: Session, person: Person, systems: Iterable[int]) -> list[Passholder]:
    """Return members of `systems` who are probably this person: same name and day of birth."""
    name = f"{person.first_name} {person.last_name}"
    alike = find_by_beginning(session, name, systems, _ALIKE)
    words = set(words_of(name))
    return [
        one
        for one in alike
        if one.birth_date == person.birth_date and set(words_of(f"{one.first_name} {one.last_name}")) == words
    ]


def is_misread(text: str) -> bool:
    """Tell whether this is a UiTPAS number with a mistake in it."""
    try:
        parse_uitpas_number(text)
    except (CheckDigitError, KansenDigitError):
        return True
    except InvalidNumberError:
        return False
    return False


def holder_with(session: Session, reference: str) -> Passholder | None:
    """Return the pashouder with a reference, as an address says it."""
    fits = reference.isdecimal() and len(reference) <= _DIGITS
    found = session.get(Passholder, int(reference)) if fits else None
    return None if found is None or found.is_deleted else found


def _card(session: Session, text: str) -> Card | None:
    try:
        return session.get(Card, parse_uitpas_number(text).value)
    except InvalidNumberError:
        pass
    try:
        chip = parse_chip_number(text)
    except InvalidNumberError:
        return None
    return session.exec(select(Card).where(Card.chip_number == chip)).first()
