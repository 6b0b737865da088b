"""The cities of card systems: the places of the municipalities that are their own (json-api 4, 5)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sqlmodel import Session, col, func, or_, select

from server.passholders.models import CitySettings, Place, RegistrationRules
from server.passholders.places import places_at

_POSTCODE_BEFORE: Final = re.compile(r"^\d{4}\s+")
_NOWHERE: Final = 10_000
"""Farther than any two postcodes are apart."""


class PostcodeError(ValueError):
    """No place in Belgium has this postcode."""


def cities_of(session: Session, systems: Collection[int]) -> dict[int, list[Place]]:
    """Return card system -> its places by postcode; one that is open to everyone has none."""
    own = _municipalities(session, systems)
    wanted = set().union(*own.values())
    query = select(Place).where(col(Place.municipality).in_(wanted))
    by_municipality: defaultdict[str, list[Place]] = defaultdict(list)
    for place in session.exec(query.order_by(col(Place.postcode), col(Place.name))):
        by_municipality[place.municipality].append(place)
    return {
        system: sorted(
            (place for one in names for place in by_municipality[one]),
            key=lambda place: (place.postcode, place.name),
        )
        for system, names in own.items()
    }


def municipalities_at(session: Session, postcode: str) -> frozenset[str]:
    """Return the municipalities with places at a postcode.

    Raises:
        PostcodeError: there are none.
    """
    found = frozenset(place.municipality for place in places_at(session, postcode.strip()))
    if not found:
        raise PostcodeError(postcode)
    return found


def municipalities_named(session: Session, names: Iterable[str]) -> frozenset[str]:
    """Return the municipalities with these names, or with places of these names; `9000 Gent` is Gent."""
    wanted = {_POSTCODE_BEFORE.sub("", name.strip()).lower() for name in names}
    query = select(Place.municipality).where(
        or_(func.lower(col(Place.name)).in_(wanted), func.lower(col(Place.municipality)).in_(wanted))
    )
    return frozenset(session.exec(query.distinct()))


def systems_in(session: Session, municipalities: Collection[str]) -> frozenset[int]:
    """Return the card systems that have one of these municipalities."""
    query = select(RegistrationRules.card_system_id, RegistrationRules.municipalities)
    return frozenset(system for system, own in session.exec(query) if not set(own).isdisjoint(municipalities))


def distances(session: Session, systems: Sequence[int], postcode: str) -> Mapping[int, tuple[bool, int]]:
    """Return card system -> how far it is from a postcode, to sort by.

    Belgian postcodes run along the regions: of two that are near, so are the numbers.

    Raises:
        PostcodeError: no place has this postcode.
    """
    here, number = municipalities_at(session, postcode), int(postcode)
    return {
        system: (
            all(place.municipality not in here for place in places),
            min((abs(int(place.postcode) - number) for place in places), default=_NOWHERE),
        )
        for system, places in cities_of(session, systems).items()
    }


def city_settings(session: Session, system: int) -> dict[str, CitySettings]:
    """Return municipality -> what the KSB says of it, for each of a card system by name."""
    said = {
        one.municipality: one
        for one in session.exec(select(CitySettings).where(CitySettings.card_system_id == system))
    }
    return {
        name: said.get(name) or CitySettings(card_system_id=system, municipality=name)
        for name in sorted(_municipalities(session, [system])[system])
    }


def _municipalities(session: Session, systems: Collection[int]) -> dict[int, list[str]]:
    query = select(RegistrationRules).where(col(RegistrationRules.card_system_id).in_(systems))
    found = {one.card_system_id: one.municipalities for one in session.exec(query)}
    return {system: found.get(system, []) for system in systems}
