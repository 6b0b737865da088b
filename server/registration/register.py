"""Make somebody a pashouder, or a member of one card system more (rules 4, 5.1, 6.9e)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from server.cards.models import Card
from server.checkins.models import PointsEntry
from server.feed.changes import cards_changed
from server.kernel.audit import record
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.passholders.names import index_name, index_new
from server.registration.checks import (
    Checked,
    check_consent,
    check_digital,
    check_joining,
    check_person,
    check_residence,
)
from server.registration.facts import Desk, Fault, Joining, Person, RefusedError, refuse
from server.registration.giving import (
    find_card_to_give,
    give_digital_card,
    hand_over,
    hold_holder,
    holder_changed,
)
from server.registration.lookups import Lookups
from server.registration.pricing import use_voucher
from server.registration.tariff import day_text
from server.rewards.granting import grant_welcome
from server.uitid.inviting import invite
from shared.domain.zones import local_day, to_millis

WELCOME: Final = "registration"
"""Why the ledger has a line: points for joining (rules 4.11)."""


class Prepared(NamedTuple):
    """A registration that can be: what is kept of the person, and the card he gets; None: a digital one."""

    person: Person
    joining: Joining
    checked: Checked
    card: Card | None


class Joiner(NamedTuple):
    """Somebody who becomes a member, of which municipality, and the card that is handed over."""

    holder: Passholder
    municipality: str
    joining: Joining
    card: Card | None


def prepare(lookups: Lookups, person: Person, joining: Joining, desk: Desk, now: datetime) -> Prepared:
    """Return what registering somebody will do, without doing it.

    Raises:
        RefusedError: says all that is wrong.
    """
    today = local_day(now)
    tariff = joining.tariff_until is not None
    checked, faults = check_person(lookups, person, desk, today, tariff=tariff)
    faults |= check_consent(person, today) | check_joining(joining, desk, today)
    card = _card(lookups, joining, desk, faults, tariff=tariff)
    refuse(faults)
    return Prepared(person, joining, checked, card)


def register(session: Session, person: Person, joining: Joining, desk: Desk, now: datetime) -> Passholder:
    """Make somebody a pashouder of the desk's card system, with the card that is handed over.

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    lookups = Lookups(session)
    prepared = prepare(lookups, person, joining, desk, now)
    (holder,) = register_all(lookups, [prepared], desk, now)
    return holder


def register_all(
    lookups: Lookups, prepared: Sequence[Prepared], desk: Desk, now: datetime
) -> list[Passholder]:
    """Make people pashouders who were prepared with the same `lookups`: all of them, or nobody.

    Raises:
        RefusedError: it cannot be (any more) for one of them; nothing was changed.
    """
    session, points = lookups.session, lookups.rules(desk.system).welcome_points
    with session.begin_nested():
        holders = [_holder(one.person, points) for one in prepared]
        session.add_all(holders)
        session.flush()
        people = list(zip(holders, prepared, strict=True))
        kept = _keep_details(session, people, desk, now)
        joiners = [
            Joiner(holder, details.municipality, one.joining, one.card)
            for (holder, one), details in zip(people, kept, strict=True)
        ]
        cards = _add_members(lookups, joiners, desk, now)
        index_new(session, holders, desk.system)
        cards_changed(session, [card.uitpas_number for card in cards if card is not None])
        _tell(session, joiners, cards, desk=desk, now=now, action="register")
    return holders


def join(session: Session, holder: Passholder, joining: Joining, desk: Desk, now: datetime) -> Membership:
    """Make a pashouder a member of the desk's card system too (rules 4.12).

    Without a card, the one he has works here as well; with the kansenstatuut he needs one that shows it.

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    lookups, today, ref = Lookups(session), local_day(now), holder.ref or 0
    hold_holder(session, ref)
    tariff = joining.tariff_until is not None
    faults = check_joining(joining, desk, today)
    faults |= check_residence(session, ref, desk, tariff=tariff)
    if session.get(Membership, (ref, desk.system)) is not None:
        faults["system"] = Fault.MEMBER_ALREADY
    card = _card(lookups, joining, desk, faults, tariff=tariff, optional=not tariff)
    refuse(faults)
    details = session.get(PassholderDetails, ref)
    joiners = [Joiner(holder, details.municipality if details else "", joining, card)]
    with session.begin_nested():
        cards = _add_members(lookups, joiners, desk, now)
        index_name(session, holder)
        _add_points(session, holder, lookups.rules(desk.system).welcome_points)
        session.flush()
        holder_changed(session, ref)
        _tell(session, joiners, cards, desk=desk, now=now, action="join")
    return session.get_one(Membership, (ref, desk.system))


def _card(
    lookups: Lookups,
    joining: Joining,
    desk: Desk,
    faults: dict[str, Fault],
    *,
    tariff: bool,
    optional: bool = False,
) -> Card | None:
    """Return the card to hand over, None without; what is wrong with it is added to `faults`."""
    if joining.is_digital:
        faults |= check_digital(lookups.rules(desk.system), joining)
        return None
    if not joining.card.strip():
        if not optional:
            faults["card"] = Fault.CARD_NEEDED
        return None
    try:
        return find_card_to_give(lookups, joining.card, desk, tariff=tariff)
    except RefusedError as refused:
        faults |= refused.faults
        return None


def _holder(person: Person, points: int) -> Passholder:
    return Passholder(
        first_name=person.first_name,
        last_name=person.last_name,
        birth_date=person.birth_date,
        postcode=person.postcode,
        language=person.language,
        points=points,
    )


def _keep_details(
    session: Session, people: Sequence[tuple[Passholder, Prepared]], desk: Desk, now: datetime
) -> list[PassholderDetails]:
    """Write down what is kept of people; return it.

    Raises:
        RefusedError: another counter registered one of them while this one was typing.
    """
    kept = [_details(holder.ref or 0, one, desk, now) for holder, one in people]
    session.add_all(kept)
    try:
        session.flush()
    except IntegrityError as error:
        raise RefusedError({"insz": Fault.INSZ_USED}) from error
    return kept


def _details(ref: int, prepared: Prepared, desk: Desk, now: datetime) -> PassholderDetails:
    person = prepared.person
    return PassholderDetails(
        passholder_ref=ref,
        insz_digest=prepared.checked.digest,
        gender=person.gender,
        nationality=person.nationality,
        street=person.street,
        house_number=person.house_number,
        box=person.box,
        municipality=prepared.checked.municipality,
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


def _add_members(lookups: Lookups, joiners: Sequence[Joiner], desk: Desk, now: datetime) -> list[Card | None]:
    """Make people members, with the points for that in the ledger; return the card each got."""
    session, rules = lookups.session, lookups.rules(desk.system)
    session.add_all(
        Membership(
            passholder_ref=one.holder.ref or 0,
            card_system_id=desk.system,
            social_tariff=one.joining.tariff_until is not None,
            social_tariff_end=one.joining.tariff_until,
            grace_days=rules.grace_days,
            made_at=now,
        )
        for one in joiners
    )
    if rules.welcome_points:
        session.add_all(
            PointsEntry(
                passholder_ref=one.holder.ref or 0,
                at=to_millis(now),
                points=rules.welcome_points,
                reason=WELCOME,
            )
            for one in joiners
        )
    return [_give(session, one, desk, now) for one in joiners]


def _give(session: Session, joiner: Joiner, desk: Desk, now: datetime) -> Card | None:
    """Hand somebody his card, and use his voucher up."""
    ref, joining, card = joiner.holder.ref or 0, joiner.joining, joiner.card
    if joining.is_digital:
        card = give_digital_card(session, ref, desk, tariff=joining.tariff_until is not None)
    elif card is not None:
        hand_over(card, ref, desk)
    use_voucher(session, joining.voucher, card.uitpas_number if card else None, desk, now)
    return card


def _tell(
    session: Session,
    joiners: Sequence[Joiner],
    cards: Sequence[Card | None],
    *,
    desk: Desk,
    now: datetime,
    action: str,
) -> None:
    """Give people who are members now what there is for them, have them mailed, and write it all down."""
    joined = {one.holder.ref or 0: one.municipality for one in joiners}
    given = grant_welcome(session, joined, desk.system, now)
    for one, card in zip(joiners, cards, strict=True):
        ref = one.holder.ref or 0
        invite(session, ref, desk.system, now)
        detail: dict[str, object] = {
            "card_system": desk.system,
            "card": card.uitpas_number if card else None,
            "tariff_until": day_text(one.joining.tariff_until),
        }
        if ref in given:
            detail["rewards"] = [reward.title for reward in given[ref]]
        record(
            session,
            action,
            "passholder",
            ref,
            staff_id=desk.staff_id,
            counter_id=desk.counter_id,
            detail=detail,
        )


def _add_points(session: Session, holder: Passholder, points: int) -> None:
    """Add the points for joining to a balance, where it is: a check-in may be adding at the same time."""
    if points:
        more = update(Passholder).where(col(Passholder.ref) == holder.ref)
        session.execute(more.values(points=Passholder.points + points))
        session.refresh(holder, ["points"])
