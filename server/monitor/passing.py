"""The mail to someone who is given an alert: at once, whatever mails he chose about alerts of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select

from server.kernel.audit import AuditEntry
from server.kernel.outbox import put_mail
from server.monitor.mailing import incident_line
from server.monitor.models import AlertWish, Incident
from server.monitor.notices import NEVER
from server.monitor.telling import incident_title, read_names
from server.monitor.wishes import CHOSE_MAILS
from server.staff.models import Staff
from server.web.i18n import translator
from server.web.moments import Moments
from shared.domain.zones import from_millis

KIND: Final = "given"


def mail_given(session: Session, incident: Incident, to: Staff, by: Staff, *, now: int, address: str) -> bool:
    """Write to someone that he was given an alert; False: he has no address, or wants no mails at all.

    address: scheme and host of the links.
    """
    wishes = session.exec(select(AlertWish).where(AlertWish.staff_id == to.id)).all()
    if not to.email or to.id == by.id or _wants_nothing(session, to, wishes):
        return False
    _ = translator(min((wish.language for wish in wishes), default="nl"))
    names = read_names(session, [incident])
    title = incident_title(_, incident, names)
    body = "\n\n".join(
        [
            _("{name} gaf je deze melding door. Jij volgt ze nu op.", name=by.name),
            incident_line(_, incident, names, Moments(_, from_millis(now)), address),
        ]
    )
    put_mail(session, to.email, _("Voor jou: {title}", title=title), f"{body}\n", kind=KIND, now=now)
    return True


def _wants_nothing(session: Session, staff: Staff, wishes: Sequence[AlertWish]) -> bool:
    """Tell whether somebody chose to get no mails; who never chose anything did not."""
    if any(wish.rhythm != NEVER for wish in wishes):
        return False
    chose = select(AuditEntry.id).where(
        AuditEntry.subject_kind == "staff",
        AuditEntry.subject_id == str(staff.id),
        AuditEntry.action == CHOSE_MAILS,
    )
    return session.exec(chose.order_by(col(AuditEntry.id)).limit(1)).first() is not None
