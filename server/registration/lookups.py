"""What registrations ask of the database; of many people at once in as many statements as of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.passholders.models import Membership, PassholderDetails, Place, RegistrationRules
from server.passholders.places import pick_place, places_at
from server.registration.facts import Fault, RefusedError
from shared.domain.numbers import InvalidNumberError, parse_chip_number, parse_uitpas_number


def rules_of(session: Session, system: int) -> RegistrationRules:
    """Return how a card system registers."""
    found = session.get(RegistrationRules, system)
    return found or RegistrationRules(card_system_id=system, municipalities=[])


class Lookups:
    """What one registration asks, or several in one transaction. Each thing is asked once.

    given: the numbers of the cards that those before this one get.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.given: set[str] = set()
        self._rules: dict[int, RegistrationRules] = {}
        self._places: dict[str, list[Place]] = {}
        self._owners: dict[bytes, int | None] = {}
        self._cards: dict[str, Card | None] = {}
        self._memberships: dict[int, list[Membership]] = {}

    def gather(self, postcodes: Iterable[str], digests: Collection[bytes], numbers: Collection[str]) -> None:
        """Ask for all of these together: places, who has a national number, cards with a UiTPAS number."""
        self.gather_places(postcodes)
        owners = select(PassholderDetails.insz_digest, PassholderDetails.passholder_ref).where(
            col(PassholderDetails.insz_digest).in_(digests)
        )
        self._owners |= dict.fromkeys(digests)
        self._owners |= {digest: ref for digest, ref in self.session.exec(owners) if digest is not None}
        # In one order, or two lists with cards in common would wait for each other.
        cards = select(Card).where(col(Card.uitpas_number).in_(numbers)).order_by(col(Card.uitpas_number))
        locked = cards.with_for_update().execution_options(populate_existing=True)
        self._cards |= dict.fromkeys(numbers)
        self._cards |= {card.uitpas_number: card for card in self.session.exec(locked)}

    def gather_places(self, postcodes: Iterable[str]) -> None:
        """Ask for the places with these postcodes together."""
        wanted = set(postcodes)
        places = select(Place).where(col(Place.postcode).in_(wanted)).order_by(col(Place.name))
        self._places |= {postcode: [] for postcode in wanted}
        for place in self.session.exec(places):
            self._places[place.postcode].append(place)

    def gather_memberships(self, refs: Collection[int]) -> None:
        """Ask for the memberships of these pashouders together."""
        self._memberships |= {ref: [] for ref in refs}
        for one in self.session.exec(select(Membership).where(col(Membership.passholder_ref).in_(refs))):
            self._memberships[one.passholder_ref].append(one)

    def memberships(self, ref: int) -> list[Membership]:
        """Return the memberships of a pashouder."""
        if ref not in self._memberships:
            self.gather_memberships([ref])
        return self._memberships[ref]

    def rules(self, system: int) -> RegistrationRules:
        """Return how a card system registers."""
        if system not in self._rules:
            self._rules[system] = rules_of(self.session, system)
        return self._rules[system]

    def place(self, postcode: str, name: str) -> Place | None:
        """Return the place that is meant, as `find_place` does."""
        if postcode not in self._places:
            self._places[postcode] = places_at(self.session, postcode)
        return pick_place(self._places[postcode], name)

    def owner(self, digest: bytes) -> int | None:
        """Return who has a national number; 0: one of those before this one."""
        if digest not in self._owners:
            query = select(PassholderDetails.passholder_ref).where(PassholderDetails.insz_digest == digest)
            self._owners[digest] = self.session.exec(query).first()
        return self._owners[digest]

    def card(self, typed: str) -> Card | None:
        """Return the card with this UiTPAS number or chip number, locked.

        Raises:
            RefusedError: it is neither.
        """
        try:
            number = parse_uitpas_number(typed).value
            is_this = col(Card.uitpas_number) == number
        except InvalidNumberError as error:
            try:
                number, is_this = "", col(Card.chip_number) == parse_chip_number(typed)
            except InvalidNumberError:
                raise RefusedError({"card": Fault.CARD_NUMBER}) from error
        if number in self._cards:
            return self._cards[number]
        query = select(Card).where(is_this).with_for_update()
        return self.session.exec(query.execution_options(populate_existing=True)).first()

    def take(self, digest: bytes | None, card: Card | None) -> None:
        """Remember that somebody gets this card: the next one cannot be him, nor get it."""
        if digest is not None:
            self._owners[digest] = 0
        if card is not None:
            self.given.add(card.uitpas_number)
