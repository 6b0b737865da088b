"""The schools that pashouders go to: counters in a group of schools (rules 2.4, 4.19)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, func, select

from server.cardsystems.models import PermissionGroup
from server.counters.models import Counter, CounterGroup
from server.passholders.models import Membership, PassholderSchool


def schools_in(session: Session, systems: Iterable[int]) -> list[Counter]:
    """Return the schools of card systems, by name."""
    schools = (
        select(CounterGroup.counter_id)
        .join(PermissionGroup, col(PermissionGroup.id) == col(CounterGroup.group_id))
        .where(PermissionGroup.is_school, col(PermissionGroup.card_system_id).in_(list(systems)))
    )
    return list(session.exec(select(Counter).where(col(Counter.id).in_(schools)).order_by(col(Counter.name))))


def find_school(session: Session, organizer: str) -> Counter | None:
    """Return the school that is an organiser, in whatever card system."""
    schools = select(CounterGroup.counter_id).join(
        PermissionGroup, col(PermissionGroup.id) == col(CounterGroup.group_id)
    )
    query = select(Counter).where(
        Counter.organizer_id == organizer,
        col(Counter.id).in_(schools.where(PermissionGroup.is_school)),
    )
    return session.exec(query.order_by(col(Counter.id))).first()


def school_of(session: Session, ref: int) -> Counter | None:
    """Return the school somebody goes to."""
    query = (
        select(Counter)
        .join(PassholderSchool, col(PassholderSchool.counter_id) == col(Counter.id))
        .where(PassholderSchool.passholder_ref == ref)
    )
    return session.exec(query).first()


def put_school(session: Session, ref: int, counter_id: int | None) -> bool:
    """Write down which school somebody goes to, None: to none; False when nothing is different."""
    found = session.get(PassholderSchool, ref)
    if (found.counter_id if found else None) == counter_id:
        return False
    if counter_id is None:
        session.delete(found)
    else:
        session.merge(PassholderSchool(passholder_ref=ref, counter_id=counter_id))
    return True


def school_sizes(session: Session, system: int) -> dict[int, int]:
    """Return school -> how many members of a card system go there."""
    query = (
        select(PassholderSchool.counter_id, func.count())
        .join(Membership, col(Membership.passholder_ref) == col(PassholderSchool.passholder_ref))
        .where(Membership.card_system_id == system)
        .group_by(col(PassholderSchool.counter_id))
    )
    return dict(session.exec(query).all())
