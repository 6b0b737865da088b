"""Which member of staff an identity belongs to."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.staff.models import Staff
from server.staff.oidc import Identity


def recognise(session: Session, identity: Identity) -> Staff | None:
    """Return the member of staff with this UiTiD.

    Someone a coordinator invited by e-mail is bound to the UiTiD of the first login with that
    address, if the issuer has verified it.
    """
    staff = session.exec(select(Staff).where(Staff.uitid == identity.subject)).first()
    if staff is None and identity.email is not None:
        invited = select(Staff).where(Staff.email == identity.email, col(Staff.uitid).is_(None))
        staff = session.exec(invited).first()
        if staff is not None:
            staff.uitid = identity.subject
    return staff
