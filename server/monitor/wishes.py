"""Which mails someone wants: for each card system he looks after, and for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.kernel.audit import record
from server.monitor.handling import STATES
from server.monitor.models import AlertWish
from server.monitor.notices import NEVER, Rhythm
from server.staff.models import StaffRole
from server.staff.roles import Role

CHOSE_MAILS: Final = "choose-mails"
"""The deed of who chose his mails."""

Wishes = Mapping[tuple[int | None, str], str]
"""(card system, None for all; state) -> rhythm."""


class Place(NamedTuple):
    """What somebody looks after: a card system, or everything."""

    system: int | None
    name: str


def places_of(session: Session, staff_id: int) -> list[Place]:
    """Return what somebody looks after in any of his functions; everything first, then by name."""
    roles = session.exec(select(StaffRole).where(StaffRole.staff_id == staff_id)).all()
    systems = select(CardSystem).order_by(col(CardSystem.name))
    if any(role.role == Role.ADMIN for role in roles):
        return [Place(None, ""), *(Place(one.id, one.name) for one in session.exec(systems))]
    own = {role.card_system_id for role in roles if role.role in (Role.KSB, Role.TECHNICIAN)}
    return [Place(one.id, one.name) for one in session.exec(systems.where(col(CardSystem.id).in_(own)))]


def wishes_of(session: Session, staff_id: int) -> dict[tuple[int | None, str], str]:
    """Return what somebody wants."""
    found = session.exec(select(AlertWish).where(AlertWish.staff_id == staff_id))
    return {(wish.card_system_id, wish.state): wish.rhythm for wish in found}


def put_wishes(
    session: Session, staff_id: int, places: Sequence[Place], wanted: Wishes, language: str
) -> bool:
    """Keep what somebody wants of these places; return whether anything changed.

    NEVER counts only beside a wish for everything.
    """
    systems = {place.system for place in places}
    rhythms = {*map(str, Rhythm), *([NEVER] if None in systems else [])}
    wanted = {
        (system, state): rhythm
        for (system, state), rhythm in wanted.items()
        if system in systems and state in STATES and rhythm in rhythms and (system, rhythm) != (None, NEVER)
    }
    found = session.exec(select(AlertWish).where(AlertWish.staff_id == staff_id)).all()
    known = [wish for wish in found if wish.card_system_id in systems]
    if {(wish.card_system_id, wish.state): (wish.rhythm, wish.language) for wish in known} == {
        key: (rhythm, language) for key, rhythm in wanted.items()
    }:
        return False
    for wish in known:
        session.delete(wish)
    session.add_all(
        AlertWish(staff_id=staff_id, card_system_id=system, state=state, rhythm=rhythm, language=language)
        for (system, state), rhythm in wanted.items()
    )
    record(session, CHOSE_MAILS, "staff", staff_id, staff_id=staff_id)
    return True
