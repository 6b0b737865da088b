"""`organizers/…/admins` of the JSON API: who works for an organiser (json-api 4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from server.api.callers import ByToken, Caller
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob, SchemaError
from server.api.wire import AskedPage, Operations, Page, Wire
from server.counters.models import Counter
from server.kernel.addresses import is_email
from server.kernel.database import RequestSession
from server.organisation.membership import (
    Deed,
    Member,
    Place,
    add_member,
    find_person,
    members,
    remove_member,
)
from server.organisation.telling import tell_invited
from server.settings import Settings
from server.staff.models import Staff
from server.staff.roles import Role
from server.web.i18n import SOURCE

_INVITED = "invited-"
"""Before the number of who was invited and has no UiTiD here yet."""

router = Operations()


class OrganizerAdmin(Wire):
    """`OrganizerAdmin`. user_id: the UiTiD, or what stands for it until the first login."""

    user_id: str | None = None
    email: str
    type: Literal["MEMBER", "ADMIN"]


@router.get("/organizers/{organizer_id}/admins")
def list_admins(
    session: RequestSession, caller: ByToken, asked: AskedPage, organizer_id: str
) -> Page[OrganizerAdmin]:
    """Return who works for an organiser, by name."""
    place = _place(session, caller, organizer_id, ApiPermission.ORGANIZERS_ADMINS_READ)
    page = asked.cut(members(session, place))
    return Page(total_items=page.total_items, member=[_message(session, one) for one in page.member])


@router.post("/organizers/{organizer_id}/admins", status_code=201)
def add_admin(
    request: Request, session: RequestSession, caller: ByToken, organizer_id: str, message: OrganizerAdmin
) -> OrganizerAdmin:
    """Let somebody work for an organiser, or be its administrator; he gets a mail."""
    place = _place(session, caller, organizer_id, ApiPermission.ORGANIZERS_ADMINS_WRITE)
    email = message.email.strip()
    if not is_email(email):
        wrong = SchemaError("/email", "This is not an e-mail address.")
        raise ApiError(Prob.BODY_INVALID_DATA, schema_errors=[wrong])
    role = Role.COUNTER_ADMIN if message.type == "ADMIN" else Role.BALIE
    if add_member(session, place, role, email, _deed(caller), email=email):
        settings: Settings = request.app.state.settings
        tell_invited(session, settings, place, role, email, now=datetime.now(UTC), language=SOURCE)
    person = find_person(session, email=email)
    found = next(one for one in members(session, place) if person and one.staff_id == person.id)
    return _message(session, found)


@router.delete("/organizers/{organizer_id}/admins/{admin_user_id}", status_code=204)
def remove_admin(session: RequestSession, caller: ByToken, organizer_id: str, admin_user_id: str) -> Response:
    """Have somebody work for an organiser no longer; his sessions end at once."""
    place = _place(session, caller, organizer_id, ApiPermission.ORGANIZERS_ADMINS_WRITE)
    for member in members(session, place):
        if _user_id(session, member) == admin_user_id:
            remove_member(session, place, member, _deed(caller))
            return Response(status_code=204)
    raise ApiError(Prob.NOT_FOUND, "This person does not work for this organizer.")


def _place(session: Session, caller: Caller, organizer: str, permission: ApiPermission) -> Place:
    """Return the counter of an organiser the caller has a permission for.

    Raises:
        ApiError: 404, there is none; 403, he has not.
    """
    query = select(Counter.id).where(Counter.organizer_id == organizer).order_by(col(Counter.id))
    counter = session.exec(query).first()
    if counter is None:
        caller.require(permission)
        raise ApiError(Prob.ORGANIZER_NOT_FOUND)
    caller.require(permission, organizer=organizer)
    return Place(counter_id=counter)


def _deed(caller: Caller) -> Deed:
    return Deed(caller.staff_id, f"client {caller.client}")


def _message(session: Session, member: Member) -> OrganizerAdmin:
    return OrganizerAdmin(
        user_id=_user_id(session, member),
        email=member.email or "",
        type="ADMIN" if member.role is Role.COUNTER_ADMIN else "MEMBER",
    )


def _user_id(session: Session, member: Member) -> str:
    return session.get_one(Staff, member.staff_id).uitid or f"{_INVITED}{member.staff_id}"
