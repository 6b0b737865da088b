"""Which member of staff an identity belongs to."""

from __future__ import annotations

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.staff.models import Staff, StaffRole
from server.staff.oidc import Identity


def recognise(session: Session, identity: Identity) -> Staff | None:
    """Return the member of staff with this UiTiD.

    Someone a coordinator invited by e-mail is bound to the UiTiD of the first login with that
    address, if the issuer has verified it. Someone known by UiTiD gets what his address was
    invited for.
    """
    staff = session.exec(select(Staff).where(Staff.uitid == identity.subject)).first()
    invited = _invited(session, identity.email) if identity.email is not None else None
    if invited is None:
        return staff
    if staff is None:
        staff = invited
        staff.uitid = identity.subject
    else:
        _take_over(session, staff, invited)
    record(session, "accept-invitation", "staff", staff.id, staff_id=staff.id)
    return staff


def _invited(session: Session, email: str) -> Staff | None:
    query = select(Staff).where(func.lower(col(Staff.email)) == email.lower(), col(Staff.uitid).is_(None))
    return session.exec(query.order_by(col(Staff.id))).first()


def _take_over(session: Session, staff: Staff, invited: Staff) -> None:
    session.execute(update(StaffRole).where(col(StaffRole.staff_id) == invited.id).values(staff_id=staff.id))
    staff.email, invited.email = invited.email, None
