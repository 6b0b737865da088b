"""Families as the JSON API shows them (json-api 5)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from server.api.wire import Instant, Wire
from server.families.keeping import Relative
from server.passholders.models import PassholderDetails
from server.registration.messages import AddressMessage, PassholderMessage
from server.registration.telling import people_messages


class FamilyMemberMessage(Wire):
    """`FamilyMember`. uitpas_number: needed of who is added; icon: an address."""

    uitpas_number: str | None = None
    passholder: PassholderMessage | None = None
    creation_date: Instant | None = None
    icon: str | None = None
    main_family_member: bool | None = None


class FamilyMessage(Wire):
    """A family somebody was added to, by who it is of."""

    name: str
    first_name: str
    passholder_id: str
    email: str | None = None
    member_since: Instant


def family_messages(session: Session, relatives: Sequence[Relative]) -> list[FamilyMemberMessage]:
    """Return a family as it goes over the wire, with only what one of the family needs of another."""
    people = people_messages(session, [one.holder for one in relatives])
    return [
        FamilyMemberMessage(
            uitpas_number=person.uitpas_number,
            passholder=_basic(person),
            creation_date=one.since or person.creation_date,
            icon=one.icon or None,
            main_family_member=one.since is None,
        )
        for one, person in zip(relatives, people, strict=True)
    ]


def families_messages(session: Session, families: Sequence[Relative]) -> list[FamilyMessage]:
    """Return the families somebody is in as they go over the wire."""
    refs = [one.holder.ref for one in families]
    query = select(PassholderDetails.passholder_ref, PassholderDetails.email)
    emails = dict(session.exec(query.where(col(PassholderDetails.passholder_ref).in_(refs))).all())
    return [
        FamilyMessage(
            name=one.holder.last_name,
            first_name=one.holder.first_name,
            passholder_id=str(one.holder.ref),
            email=emails.get(one.holder.ref or 0),
            member_since=one.since,
        )
        for one in families
        if one.since is not None
    ]


def _basic(person: PassholderMessage) -> PassholderMessage:
    where = AddressMessage(postal_code=person.address.postal_code, city=person.address.city)
    nothing = dict.fromkeys(("email", "phone_number", "gender", "nationality", "opt_in_preferences"))
    return person.model_copy(update={**nothing, "address": where})
