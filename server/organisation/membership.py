"""Give people a function and take it away again (rules 1.5, 1.8, 2.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, text
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.kernel.database import database_of
from server.staff.models import Staff, StaffRole, StaffSession
from server.staff.roles import AT_COUNTERS, GRANTS, Role
from server.staff.sessions import Post

_STAFF_LOCK: Final = 0x7374616666  # "staff"


class LastAdminError(Exception):
    """Without this person nobody could look after everything any more."""


@dataclass(frozen=True)
class Place:
    """Where someone works: at one counter, for one card system, or everywhere when both are None."""

    counter_id: int | None = None
    card_system_id: int | None = None

    @property
    def kind(self) -> str:
        """The subject of the audit trail."""
        if self.counter_id is not None:
            return "counter"
        return "card_system" if self.card_system_id is not None else "everything"

    @property
    def id(self) -> int | None:
        """The counter's or card system's id."""
        return self.counter_id if self.counter_id is not None else self.card_system_id

    @property
    def roles(self) -> tuple[Role, ...]:
        """The functions there are in such a place."""
        if self.counter_id is not None:
            return AT_COUNTERS
        return (Role.KSB, Role.TECHNICIAN) if self.card_system_id is not None else (Role.ADMIN,)


@dataclass(frozen=True)
class Member:
    """Someone's function in a place; not `has_logged_in` is invited and not seen yet."""

    role_id: int
    staff_id: int
    name: str
    email: str | None
    role: Role
    has_logged_in: bool


@dataclass(frozen=True)
class Deed:
    """Who gives or takes a function, for the audit trail; `staff_id` None is the command line."""

    staff_id: int | None = None
    by: str = ""


def grantable(post: Post | None, place: Place) -> tuple[Role, ...]:
    """Return the functions that someone in `post` may give and take in a place that he looks after."""
    return tuple(role for role in place.roles if post is not None and role in GRANTS[post.role])


def members(session: Session, place: Place) -> list[Member]:
    """Return who works in a place, by name."""
    query = (
        select(StaffRole, Staff)
        .join(Staff, col(Staff.id) == col(StaffRole.staff_id))
        .where(
            StaffRole.counter_id == place.counter_id,
            StaffRole.card_system_id == place.card_system_id,
            col(StaffRole.role).in_(place.roles),
        )
        .order_by(func.lower(col(Staff.name)), col(StaffRole.id))
    )
    return [_member(role, staff) for role, staff in session.exec(query)]


def find_person(session: Session, *, uitid: str | None = None, email: str | None = None) -> Staff | None:
    """Return who is known by this UiTiD, or by this e-mail address (upper case does not count)."""
    if uitid is not None:
        return session.exec(select(Staff).where(Staff.uitid == uitid)).first()
    query = select(Staff).where(func.lower(col(Staff.email)) == (email or "").lower())
    # Someone who has logged in comes before an invitation that nobody took up.
    return session.exec(query.order_by(col(Staff.uitid).is_(None), col(Staff.id))).first()


def add_member(
    session: Session,
    place: Place,
    role: Role,
    name: str,
    deed: Deed,
    *,
    uitid: str | None = None,
    email: str | None = None,
) -> bool:
    """Give a function to a person, known or new; False when he has it already.

    With an e-mail address the person is bound to a UiTiD at the first login with that address.
    """
    if database_of(session).is_postgresql:
        # Of two who add a person at the same moment, the second finds him.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _STAFF_LOCK})
    staff = find_person(session, uitid=uitid, email=email)
    if staff is None:
        staff = Staff(uitid=uitid, name=name, email=email.lower() if email else None)
        session.add(staff)
        session.flush()
    staff_id = staff.id or 0
    here = [member for member in members(session, place) if member.staff_id == staff_id]
    if any(member.role is role for member in here):
        return False
    if here and place.counter_id is not None:
        # At a counter somebody is a member or its administrator, not both.
        session.get_one(StaffRole, here[0].role_id).role = role
    else:
        session.add(
            StaffRole(
                staff_id=staff_id, role=role, counter_id=place.counter_id, card_system_id=place.card_system_id
            )
        )
    session.flush()
    _note(session, "add-member", place, deed, {"person": staff_id, "name": staff.name, "role": role.value})
    return True


def remove_member(session: Session, place: Place, member: Member, deed: Deed) -> None:
    """Take a function from a person, whose sessions end with it.

    Raises:
        LastAdminError: there would be no administrator left.
    """
    if member.role is Role.ADMIN and _admins(session) <= {member.staff_id}:
        raise LastAdminError
    session.execute(delete(StaffSession).where(col(StaffSession.staff_id) == member.staff_id))
    session.execute(delete(StaffRole).where(col(StaffRole.id) == member.role_id))
    detail = {"person": member.staff_id, "name": member.name, "role": member.role.value}
    _note(session, "remove-member", place, deed, detail)


def _admins(session: Session) -> set[int]:
    # Locked, so that two administrators cannot remove each other at once.
    admins = select(StaffRole).where(StaffRole.role == Role.ADMIN).order_by(col(StaffRole.id))
    return {role.staff_id for role in session.exec(admins.with_for_update())}


def _member(role: StaffRole, staff: Staff) -> Member:
    return Member(
        role_id=role.id or 0,
        staff_id=role.staff_id,
        name=staff.name,
        email=staff.email,
        role=Role(role.role),
        has_logged_in=staff.uitid is not None,
    )


def _note(session: Session, action: str, place: Place, deed: Deed, detail: dict[str, Any]) -> None:
    by = {"by": deed.by} if deed.by else {}
    record(session, action, place.kind, place.id or "", staff_id=deed.staff_id, detail=detail | by)
