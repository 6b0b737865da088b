"""Those who move, a piece of a list at a time: looked up together, each changed as at the counter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from server.bulk.reading import Asked, card_number
from server.cards.models import Card
from server.passholders.models import Passholder, PassholderDetails
from server.registration.changing import change_person, check_change, person_of
from server.registration.facts import Desk, Fault, Person, RefusedError
from server.registration.lookups import Lookups


class Move(NamedTuple):
    """What a row asks, when it can be: of whom, and to which municipality."""

    holder: Passholder
    municipality: str


class Movers:
    """The people of a piece whose addresses change, for a counter."""

    def __init__(self, session: Session, asked: Collection[Asked], desk: Desk, now: datetime) -> None:
        self._session, self._desk, self._now = session, desk, now
        self._known = _holders(session, {card_number(one.card) for one in asked})
        self._lookups = Lookups(session)
        self._lookups.gather_places(one.address.postcode for one in asked)
        self._lookups.gather_memberships({holder.ref or 0 for holder, _ in self._known.values()})

    def look(self, asked: Asked) -> Move:
        """Return what a row will do, and change nothing.

        Raises:
            RefusedError: says all that is wrong.
        """
        holder, details, person = self._moved(asked)
        checked = check_change(self._lookups, details, person, self._desk, self._now)
        return Move(holder, checked.municipality)

    def move(self, asked: Asked) -> bool:
        """Write down where somebody lives now; False when he lived there already.

        Raises:
            RefusedError: says all that is wrong; nothing was changed.
        """
        holder, _, person = self._moved(asked)
        return change_person(self._session, holder, person, self._desk, self._now, lookups=self._lookups)

    def _moved(self, asked: Asked) -> tuple[Passholder, PassholderDetails, Person]:
        """Return who moves, what is written down of him, and how he is to be written down.

        Raises:
            RefusedError: there is nobody with this card.
        """
        number = card_number(asked.card)
        if not number:
            raise RefusedError({"card": Fault.CARD_NUMBER})
        if number not in self._known:
            raise RefusedError({"card": Fault.CARD_UNKNOWN})
        holder, kept = self._known[number]
        details = kept or PassholderDetails(passholder_ref=holder.ref or 0, made_at=self._now)
        return holder, details, replace(person_of(holder, kept), **asked.address._asdict())


def _holders(
    session: Session, numbers: Collection[str]
) -> Mapping[str, tuple[Passholder, PassholderDetails | None]]:
    """Return UiTPAS number -> whose card it is."""
    query = (
        select(Card.uitpas_number, Passholder, PassholderDetails)
        .join(Passholder, col(Passholder.ref) == col(Card.passholder_ref))
        .outerjoin(PassholderDetails, col(PassholderDetails.passholder_ref) == col(Passholder.ref))
        .where(col(Card.uitpas_number).in_(numbers))
    )
    return {number: (holder, details) for number, holder, details in session.exec(query)}
