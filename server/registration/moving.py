"""Where somebody lives, as it is written on one line, and moving there while joining (rules 4.14)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from sqlmodel import Session

from server.passholders.models import Membership, Passholder, PassholderDetails
from server.passholders.places import ABROAD, ABROAD_POSTCODE
from server.registration.changing import change_person, person_of
from server.registration.checks import HOME
from server.registration.facts import Desk, Joining
from server.registration.register import join

ELSEWHERE: Final = "ZZ"
"""The country of who lives in one that the list does not name (ISO 3166 leaves it to its users)."""
_STREET: Final = re.compile(
    r"(?P<street>.*?\D)\s(?P<number>\d+(?:\s?[a-z]\b)?)(?:\s*(?:bus|bte|boîte|box|b\.|/)\s*(?P<box>\w+))?",
    re.IGNORECASE,
)


class Address(NamedTuple):
    """Where somebody lives, as a `Person` says it."""

    street: str
    house_number: str
    box: str
    postcode: str
    place: str
    country: str


def address_of(street: str, postcode: str, city: str) -> Address:
    """Return an address: the number and the box stand behind the street."""
    country = ELSEWHERE if city.upper() == ABROAD else HOME
    parts = _STREET.fullmatch(street)
    found = (parts["street"].rstrip(","), parts["number"], parts["box"] or "") if parts else (street, "", "")
    return Address(*found, postcode or (ABROAD_POSTCODE if country == ELSEWHERE else ""), city, country)


def move(
    session: Session, holder: Passholder, to: Address, desk: Desk, now: datetime, *, joins: bool
) -> None:
    """Let somebody live elsewhere, as he is about to join; `joins`: with the kansenstatuut.

    Raises:
        RefusedError: he cannot live there, or not join from there; nothing was changed.
    """
    known = person_of(holder, session.get(PassholderDetails, holder.ref))
    change_person(session, holder, replace(known, **to._asdict()), desk, now, joins=joins)


def move_and_join(
    session: Session, holder: Passholder, to: Address, joining: Joining, *, desk: Desk, now: datetime
) -> Membership:
    """Make who moves a member, all of it or nothing.

    Raises:
        RefusedError: says what is wrong; nothing was changed.
    """
    with session.begin_nested():
        move(session, holder, to, desk, now, joins=joining.tariff_until is not None)
        return join(session, holder, joining, desk, now)
