"""Somebody registers himself, who proved with his identity card who he is (rules 4, json-api 4)."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem, PermissionGroup
from server.cardsystems.rights import CounterRight, with_implied
from server.counters.models import Counter, CounterGroup
from server.passholders.models import Cardless, Passholder, PassholderDetails, RegistrationRules
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


class Helping(NamedTuple):
    """A counter that can look after who registers himself in a card system."""

    counter_id: int
    system: int
    name: str
    system_name: str


def helping_counters(session: Session) -> list[Helping]:
    """Return the counters that register, in card systems that give digital cards, by card system and name."""
    gives = [one.value for one in Cardless if one.allows(tariff=False)]
    query = (
        select(Counter, CardSystem.id, CardSystem.name, PermissionGroup.rights)
        .join(CounterGroup, col(CounterGroup.counter_id) == col(Counter.id))
        .join(PermissionGroup, col(PermissionGroup.id) == col(CounterGroup.group_id))
        .join(CardSystem, col(CardSystem.id) == col(PermissionGroup.card_system_id))
        .join(RegistrationRules, col(RegistrationRules.card_system_id) == col(CardSystem.id))
        .where(col(RegistrationRules.cardless).in_(gives))
        .order_by(col(CardSystem.name), col(Counter.name), col(Counter.id))
    )
    found = [
        Helping(counter.id or 0, system, counter.name, system_name)
        for counter, system, system_name, rights in session.exec(query)
        if CounterRight.REGISTER in with_implied(map(CounterRight, rights))
    ]
    return list(dict.fromkeys(found))
