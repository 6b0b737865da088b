"""Whether someone lives in the region of a card system, as far as a postcode tells (rules 6.10d)."""

from __future__ import annotations

from sqlmodel import Session

from server.passholders.models import RegistrationRules
from server.passholders.places import ABROAD_POSTCODE, places_at


class UnknownPostcodeError(LookupError):
    """No place has this postcode."""


def is_resident(session: Session, system: int, postcode: str) -> bool | None:
    """Return it; None for a card system that does not say which municipalities are its own.

    Raises:
        UnknownPostcodeError: no place has this postcode.
    """
    places = places_at(session, postcode)
    if not places and postcode != ABROAD_POSTCODE:
        raise UnknownPostcodeError(postcode)
    rules = session.get(RegistrationRules, system)
    if rules is None or not rules.municipalities:
        return None
    return any(place.municipality in rules.municipalities for place in places)
