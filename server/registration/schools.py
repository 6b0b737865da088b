"""The schools that pashouders go to: counters in a group of schools (rules 2.4, 4.19)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from server.cardsystems.models import PermissionGroup
from server.counters.models import Counter, CounterGroup
from server.passholders.models import Membership, Passholder, PassholderSchool
from server.passholders.names import named, words_of


class Pupils(NamedTuple):
    """Some of the members who go to a school, and how many there are in all."""

    total: int
    people: Sequence[Passholder]


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


def pupils_of(
    session: Session,
    school: int | None,
    systems: Collection[int],
    *,
    text: str = "",
    start: int = 0,
    most: int,
) -> Pupils:
    """Return members of card systems who go to a school (None: to any), by name, from the `start`-th on."""
    members = select(Membership.passholder_ref).where(col(Membership.card_system_id).in_(list(systems)))
    at_school = select(PassholderSchool.passholder_ref)
    if school is not None:
        at_school = at_school.where(PassholderSchool.counter_id == school)
    query = select(Passholder).where(col(Passholder.ref).in_(at_school), col(Passholder.ref).in_(members))
    query = named(query, words_of(text), systems)
    count = session.exec(select(func.count()).select_from(query.subquery())).one()
    ordered = query.order_by(col(Passholder.last_name), col(Passholder.first_name), col(Passholder.ref))
    return Pupils(count, session.exec(ordered.offset(start).limit(most)).all())
