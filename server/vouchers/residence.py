"""Whether someone lives in the region of a card system (rules 6.10d)."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session

from server.passholders.models import Passholder, PassholderDetails, RegistrationRules
from server.passholders.places import ABROAD_POSTCODE, places_at


class UnknownPostcodeError(LookupError):
    """No place has this postcode."""


def is_resident(session: Session, system: int, postcode: str) -> bool | None:
    """Return it as far as a postcode tells; None: the card system says not which municipalities are its own.

    Raises:
        UnknownPostcodeError: no place has this postcode.
    """
    places = places_at(session, postcode)
    if not places and postcode != ABROAD_POSTCODE:
        raise UnknownPostcodeError(postcode)
    return _is_one_of(session, system, {place.municipality for place in places})


def holder_is_resident(session: Session, system: int, holder: Passholder) -> bool | None:
    """Return it of a pashouder; None also when nobody knows where he lives."""
    details = session.get(PassholderDetails, holder.ref)
    if details is not None and details.municipality:
        return _is_one_of(session, system, {details.municipality})
    try:
        return is_resident(session, system, holder.postcode)
    except UnknownPostcodeError:
        return None


def _is_one_of(session: Session, system: int, municipalities: Collection[str]) -> bool | None:
    rules = session.get(RegistrationRules, system)
    if rules is None or not rules.municipalities:
        return None
    return not set(rules.municipalities).isdisjoint(municipalities)
