"""Somebody registers himself, who proved with his identity card who he is (rules 4, json-api 4)."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from server.cardsystems.rights import CounterRight
from server.passholders.models import Passholder, PassholderDetails
from server.passholders.standing import ADULT_AGE
from server.registration.facts import Desk, Fault, Joining, Person, refuse
from server.registration.register import register
from server.uitid.linking import Uitid, link_uitid
from shared.domain.prices import age_on
from shared.domain.zones import local_day


def register_myself(session: Session, person: Person, who: Uitid, desk: Desk, now: datetime) -> Passholder:
    """Make who logged in a pashouder with a digital card, linked to his UiTiD.

    person: his national number is that of his login. desk: `helping`, the counter that looks after him.

    Raises:
        RefusedError: says what is wrong; nothing was changed. TakenError: the UiTiD is a pashouder's.
    """
    faults = {}
    if age_on(person.birth_date, local_day(now)) < ADULT_AGE:
        faults["birth_date"] = Fault.UNDERAGE
    if person.email and _is_used(session, person.email):
        faults["email"] = Fault.EMAIL_USED
    refuse(faults)
    with session.begin_nested():
        holder = register(session, person, Joining(is_digital=True), desk, now)
        link_uitid(session, holder, who, now)
    return holder


def helping(counter: int, system: int) -> Desk:
    """Return a counter that looks after who registers himself: he grants himself nothing."""
    return Desk(counter, system, frozenset({CounterRight.REGISTER}))


def _is_used(session: Session, email: str) -> bool:
    query = select(PassholderDetails.passholder_ref).where(PassholderDetails.email == email)
    return session.exec(query).first() is not None
