"""Make somebody a pashouder, or a member of one card system more (rules 4, 5.1, 6.9e)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from server.cards.models import Card
from server.checkins.models import PointsEntry
from server.kernel.audit import record
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.passholders.names import index_name
from server.registration.checks import (
    Checked,
    check_consent,
    check_digital,
    check_joining,
    check_person,
    check_residence,
    rules_of,
)
from server.registration.facts import Desk, Fault, Joining, Person, RefusedError, refuse
from server.registration.giving import find_card_to_give, give_card, give_digital_card, holder_changed
from server.registration.pricing import use_voucher
from server.registration.tariff import day_text
from server.rewards.granting import grant_welcome
from server.uitid.inviting import invite
from shared.domain.zones import local_day, to_millis

WELCOME: Final = "registration"
"""Why the ledger has a line: points for joining (rules 4.11)."""


class Prepared(NamedTuple):
    """What a registration will do: what is kept of the person, and the card he gets; None: a digital one."""

    checked: Checked
    card: Card | None


def prepare(session: Session, person: Person, joining: Joining, desk: Desk, now: datetime) -> Prepared:
    """Return what registering somebody will do, without doing it.

    Raises:
        RefusedError: says all that is wrong.
    """
    today = local_day(now)
    tariff = joining.tariff_until is not None
    checked, faults = check_person(session, person, desk, today, tariff=tariff)
    faults |= check_consent(person, today) | check_joining(joining, desk, today)
    card = _card(session, joining, desk, faults, tariff=tariff)
    refuse(faults)
    return Prepared(checked, card)


def register(session: Session, person: Person, joining: Joining, desk: Desk, now: datetime) -> Passholder:
    """Make somebody a pashouder of the desk's card system, with the card that is handed over.

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    prepared = prepare(session, person, joining, desk, now)
    holder = Passholder(
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date,
        postcode=person.postcode,
        language=person.language,
    )
    with session.begin_nested():
        session.add(holder)
        session.flush()
        _keep_details(session, holder.ref or 0, person, prepared.checked, desk=desk, now=now)
        _join(session, holder, joining, prepared.card, desk=desk, now=now, action="register")
    return holder


def join(session: Session, holder: Passholder, joining: Joining, desk: Desk, now: datetime) -> Membership:
    """Make a pashouder a member of the desk's card system too (rules 4.12).

    Without a card, the one he has works here as well; with the kansenstatuut he needs one that shows it.

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    today = local_day(now)
    tariff = joining.tariff_until is not None
    faults = check_joining(joining, desk, today)
    faults |= check_residence(session, holder.ref or 0, desk, tariff=tariff)
    if session.get(Membership, (holder.ref, desk.system)) is not None:
        faults["system"] = Fault.MEMBER_ALREADY
    card = _card(session, joining, desk, faults, tariff=tariff, optional=not tariff)
    refuse(faults)
    with session.begin_nested():
        return _join(session, holder, joining, card, desk=desk, now=now, action="join")


def _card(
    session: Session,
    joining: Joining,
    desk: Desk,
    faults: dict[str, Fault],
    *,
    tariff: bool,
    optional: bool = False,
) -> Card | None:
    """Return the card to hand over, None without; what is wrong with it is added to `faults`."""
    if joining.is_digital:
        faults |= check_digital(session, joining, desk)
        return None
    if not joining.card.strip():
        if not optional:
            faults["card"] = Fault.CARD_NEEDED
        return None
    try:
        return find_card_to_give(session, joining.card, desk, tariff=tariff)
    except RefusedError as refused:
        faults |= refused.faults
        return None


def _keep_details(
    session: Session, ref: int, person: Person, checked: Checked, *, desk: Desk, now: datetime
) -> None:
    details = PassholderDetails(
        passholder_ref=ref,
        insz_digest=checked.digest,
        gender=person.gender,
        nationality=person.nationality,
        street=person.street,
        house_number=person.house_number,
        box=person.box,
        municipality=checked.municipality,
        country=person.country,
        email=person.email,
        phone=person.phone,
        opt_ins=sorted(map(str, person.opt_ins)),
        parental_consent=person.parental_consent,
        legal_terms=sorted(map(str, person.legal_terms)),
        note=person.note,
        counter_id=desk.counter_id,
        made_at=now,
    )
    try:
        with session.begin_nested():
            session.add(details)
    except IntegrityError as error:
        # Another counter registered the same person while this one was typing.
        raise RefusedError({"insz": Fault.INSZ_USED}) from error


def _join(
    session: Session,
    holder: Passholder,
    joining: Joining,
    card: Card | None,
    *,
    desk: Desk,
    now: datetime,
    action: str,
) -> Membership:
    ref, rules = holder.ref or 0, rules_of(session, desk.system)
    membership = Membership(
        passholder_ref=ref,
        card_system_id=desk.system,
        social_tariff=joining.tariff_until is not None,
        social_tariff_end=joining.tariff_until,
        grace_days=rules.grace_days,
        made_at=now,
    )
    session.add(membership)
    if joining.is_digital:
        card = give_digital_card(session, ref, desk, tariff=joining.tariff_until is not None)
    elif card is not None:
        give_card(session, card, ref, desk)
    use_voucher(session, joining.voucher, card.uitpas_number if card else None, desk, now)
    index_name(session, holder)
    _welcome(session, holder, rules.welcome_points, now)
    session.flush()
    details = session.get(PassholderDetails, ref)
    given = grant_welcome(session, ref, desk.system, details.municipality if details else "", now)
    holder_changed(session, ref)
    invite(session, ref, desk.system, now)
    detail: dict[str, object] = {
        "card_system": desk.system,
        "card": card.uitpas_number if card else None,
        "tariff_until": day_text(joining.tariff_until),
    }
    if given:
        detail["rewards"] = [reward.title for reward in given]
    record(
        session, action, "passholder", ref, staff_id=desk.staff_id, counter_id=desk.counter_id, detail=detail
    )
    return membership


def _welcome(session: Session, holder: Passholder, points: int, now: datetime) -> None:
    if not points:
        return
    ref = holder.ref or 0
    session.add(PointsEntry(passholder_ref=ref, at=to_millis(now), points=points, reason=WELCOME))
    # Added where the balance is: a check-in may be adding to it at the same time.
    more = update(Passholder).where(col(Passholder.ref) == ref).values(points=Passholder.points + points)
    session.execute(more)
    session.refresh(holder, ["points"])
