"""Change what is written down of somebody (rules 4.5-4.10, 4.17)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from sqlmodel import Session

from server.kernel.audit import record
from server.passholders.models import (
    Gender,
    LegalTerms,
    OptIn,
    Passholder,
    PassholderDetails,
)
from server.passholders.names import index_name
from server.passholders.standing import is_active
from server.registration.checks import Checked, check_contact, check_person
from server.registration.facts import Desk, Fault, Person, RefusedError, refuse
from server.registration.lookups import Lookups
from shared.domain.zones import local_day

_NAMES: Final = ("first_name", "last_name")
_OF_HOLDER: Final = (*_NAMES, "birth_date", "postcode", "language")
_OF_DETAILS: Final = (
    *("gender", "nationality", "street", "house_number", "box", "country"),
    *("email", "phone", "parental_consent", "note"),
)


def change_person(
    session: Session,
    holder: Passholder,
    person: Person,
    desk: Desk,
    now: datetime,
    *,
    joins: bool | None = None,
    lookups: Lookups | None = None,
) -> bool:
    """Write down what changed of somebody; False when nothing is different.

    A national number can be filled in later, never changed. The audit trail says which fields changed,
    not what they were: it is kept for ever. joins: see `check_change`. lookups:
    those of the others who change with him.

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    ref, lookups = holder.ref or 0, lookups or Lookups(session)
    details = session.get(PassholderDetails, ref) or PassholderDetails(passholder_ref=ref, made_at=now)
    checked = check_change(lookups, details, person, desk, now, joins=joins)
    changed = {
        **_different(holder, {field: getattr(person, field) for field in _OF_HOLDER}),
        **_different(details, {field: getattr(person, field) for field in _OF_DETAILS}),
        **_different(
            details, {"municipality": checked.municipality, "opt_ins": sorted(map(str, person.opt_ins))}
        ),
        **_different(details, {"legal_terms": sorted(map(str, person.legal_terms))}),
        **_different(details, {"insz_digest": details.insz_digest or checked.digest}),
    }
    if not changed:
        return False
    session.add_all([holder, details])
    if not changed.keys().isdisjoint(_NAMES):
        session.flush()
        index_name(session, holder)
    fields = sorted(field.removesuffix("_digest") for field in changed)
    record(
        session,
        "change",
        "passholder",
        ref,
        staff_id=desk.staff_id,
        counter_id=desk.counter_id,
        detail={"fields": fields},
    )
    return True


def change_note(session: Session, ref: int, note: str) -> bool:
    """Write down what only counters read of somebody; False when it is there already."""
    details = session.get(PassholderDetails, ref)
    if (details.note if details else "") == note:
        return False
    details = details or PassholderDetails(passholder_ref=ref, made_at=datetime.now(UTC))
    details.note = note
    session.add(details)
    return True


def change_contact(session: Session, holder: Passholder, person: Person, now: datetime) -> bool:
    """Write down how somebody wants to be reached, as he says himself (rules 4.16).

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    refuse(check_contact(person, local_day(now)))
    ref = holder.ref or 0
    details = session.get(PassholderDetails, ref) or PassholderDetails(passholder_ref=ref, made_at=now)
    wanted = {"email": person.email, "phone": person.phone, "opt_ins": sorted(map(str, person.opt_ins))}
    changed = _different(details, wanted)
    if not changed:
        return False
    session.add(details)
    record(session, "change-own", "passholder", ref, detail={"fields": sorted(changed)})
    return True


def check_change(
    lookups: Lookups,
    details: PassholderDetails,
    person: Person,
    desk: Desk,
    now: datetime,
    *,
    joins: bool | None = None,
) -> Checked:
    """Return what would be kept of somebody whose details these are, without changing anything.

    joins: whether he is to have the kansenstatuut where he is about to join; None: he is a member.

    Raises:
        RefusedError: says all that is wrong.
    """
    ref, today = details.passholder_ref, local_day(now)
    membership = next((one for one in lookups.memberships(ref) if one.card_system_id == desk.system), None)
    if membership is not None and joins is None:
        joins = membership.social_tariff and is_active(membership, today)
    if joins is None:
        raise RefusedError({"system": Fault.NOT_A_MEMBER})
    checked, faults = check_person(lookups, person, desk, today, tariff=joins, ref=ref)
    if checked.digest and details.insz_digest not in (None, checked.digest):
        faults["insz"] = Fault.INSZ_KNOWN
    # Who lived elsewhere when he came may go on doing so; to move there, the counter needs the right.
    if checked.municipality and checked.municipality == details.municipality:
        faults.pop("place", None)
    elif _leaves_region(lookups, details, checked.municipality, today):
        faults.setdefault("place", Fault.LEAVES_REGION)
    refuse(faults)
    return checked


def person_of(holder: Passholder, details: PassholderDetails | None) -> Person:
    """Return somebody as he is written down, without his national number, which nobody can read back."""
    names = Person(
        first_name=holder.first_name,
        last_name=holder.last_name,
        birth_date=holder.birth_date,
        postcode=holder.postcode,
        language=holder.language,
    )
    if details is None:
        return names
    return replace(
        names,
        place=details.municipality,
        country=details.country,
        street=details.street,
        house_number=details.house_number,
        box=details.box,
        gender=Gender(details.gender) if details.gender else None,
        nationality=details.nationality,
        email=details.email,
        phone=details.phone,
        opt_ins=frozenset(map(OptIn, details.opt_ins)),
        parental_consent=details.parental_consent,
        note=details.note,
        legal_terms=frozenset(map(LegalTerms, details.legal_terms)),
    )


def _leaves_region(lookups: Lookups, details: PassholderDetails, municipality: str, today: date) -> bool:
    """Tell whether this move takes a valid kansenstatuut out of its card system's region (rules 4.14)."""
    regions = (
        lookups.rules(one.card_system_id).municipalities
        for one in lookups.memberships(details.passholder_ref)
        if one.social_tariff and is_active(one, today)
    )
    return any(details.municipality in region and municipality not in region for region in regions)


def _different(row: Passholder | PassholderDetails, wanted: Mapping[str, object]) -> dict[str, object]:
    """Put values in a row; return those that were not there."""
    changed = {field: value for field, value in wanted.items() if getattr(row, field) != value}
    for field, value in changed.items():
        setattr(row, field, value)
    return changed
