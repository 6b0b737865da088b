"""Keep a family: who is in it, who comes, who goes (rules 4.18)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, select

from server.families.models import FamilyMember
from server.kernel.audit import record
from server.passholders.models import Passholder
from shared.domain.prices import age_on
from shared.domain.zones import local_day

MOST_MEMBERS: Final = 12
MOST_ADULTS: Final = 4
"""Whose family it is counts. There are limits, the real numbers are not published (rules 4.18, OUR)."""
ADULT: Final = 18


class FamilyFault(StrEnum):
    """Why somebody cannot join a family; each has its words in `words.py`."""

    NUMBER = "number"
    UNKNOWN = "unknown"
    ALREADY = "already"
    TOO_MANY = "too-many"
    TOO_MANY_ADULTS = "too-many-adults"


class FamilyError(Exception):
    """Nobody was added; `fault` says why."""

    def __init__(self, fault: FamilyFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class Doer:
    """Who changes a family: a member of staff for a counter, a program, or, with neither, a pashouder."""

    staff_id: int | None = None
    counter_id: int | None = None
    client: str = ""


@dataclass(frozen=True)
class Relative:
    """Somebody in a family. since: None for whose family it is."""

    holder: Passholder
    icon: str = ""
    since: datetime | None = None


def family_of(session: Session, main: Passholder) -> list[Relative]:
    """Return who is in somebody's family: first himself, then in the order in which they came."""
    query = (
        select(FamilyMember, Passholder)
        .join(Passholder, col(Passholder.ref) == col(FamilyMember.member_ref))
        .where(FamilyMember.main_ref == main.ref)
        .order_by(col(FamilyMember.added_at), col(FamilyMember.member_ref))
    )
    others = [Relative(holder, one.icon, one.added_at) for one, holder in session.exec(query)]
    return [Relative(main), *others]


def families_with(session: Session, ref: int) -> list[Relative]:
    """Return in whose other families somebody is, the oldest first."""
    query = (
        select(FamilyMember, Passholder)
        .join(Passholder, col(Passholder.ref) == col(FamilyMember.main_ref))
        .where(FamilyMember.member_ref == ref)
        .order_by(col(FamilyMember.added_at), col(FamilyMember.main_ref))
    )
    return [Relative(holder, one.icon, one.added_at) for one, holder in session.exec(query)]


def add_relative(
    session: Session, main: Passholder, member: Passholder, now: datetime, by: Doer, *, icon: str = ""
) -> FamilyMember:
    """Take somebody into a family.

    Raises:
        FamilyError: he is in it, or it is full.
    """
    # Two who add at once would both find the last place free.
    session.refresh(main, with_for_update=True)
    family = [one.holder for one in family_of(session, main)]
    fault = _why_not(family, member, local_day(now))
    if fault is not None:
        raise FamilyError(fault)
    added = FamilyMember(main_ref=main.ref or 0, member_ref=member.ref or 0, icon=icon, added_at=now)
    session.add(added)
    session.flush()
    _note(session, "add-relative", added.main_ref, added.member_ref, by)
    return added


def remove_relative(session: Session, main_ref: int, member_ref: int, by: Doer) -> bool:
    """Take somebody out of a family; False when he is not in it. Whose family it is cannot leave."""
    found = session.get(FamilyMember, (main_ref, member_ref))
    if found is None:
        return False
    session.delete(found)
    _note(session, "remove-relative", main_ref, member_ref, by)
    return True


def _why_not(family: list[Passholder], member: Passholder, today: date) -> FamilyFault | None:
    if member.ref in {one.ref for one in family}:
        return FamilyFault.ALREADY
    if len(family) >= MOST_MEMBERS:
        return FamilyFault.TOO_MANY
    adults = sum(age_on(one.birth_date, today) >= ADULT for one in [*family, member])
    is_adult = age_on(member.birth_date, today) >= ADULT
    return FamilyFault.TOO_MANY_ADULTS if is_adult and adults > MOST_ADULTS else None


def _note(session: Session, action: str, main_ref: int, member_ref: int, by: Doer) -> None:
    detail: dict[str, object] = {"member": member_ref}
    if by.client:
        detail["client"] = by.client
    record(
        session,
        action,
        "passholder",
        main_ref,
        staff_id=by.staff_id,
        counter_id=by.counter_id,
        detail=detail,
    )
