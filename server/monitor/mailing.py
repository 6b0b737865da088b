"""Mails about zuilen: what a person is to be told becomes one mail (`server.kernel.outbox` sends it).

A mail is written in the transaction that uses up its notices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import ColumnElement, case, delete, func, or_, update
from sqlmodel import Session, col, select

from server.kernel.outbox import OutgoingMail, put_mail
from server.monitor.models import Incident, IncidentKiosk, KioskWatch, Notice
from server.monitor.notices import Moment, Rhythm
from server.monitor.telling import Names, incident_title, read_names
from server.monitor.words import cause_word
from server.staff.models import Staff
from server.web.i18n import Translator, translator
from server.web.moments import Moments
from shared.domain.watching import Cause, State
from shared.domain.zones import from_millis

MOST_NOTICES: Final = 20_000
MOST_LINES: Final = 20
REST_MILLIS: Final = 300_000
"""After a mail about what happens now, the next one to the same person waits so long."""
MANY: Final = 10
MUCH_MORE: Final = 5
"""So many zuilen that fall out do not wait, when they are so many times what somebody heard of just now:
a large loss is told at once, and however it grows it takes a handful of mails to tell it."""

_Told = tuple[Notice, Incident, Staff]


def write_mails(session: Session, now: int, address: str) -> int:
    """Write a mail to everyone who is to be told something by `now`; return how many.

    address: scheme and host of the links.
    """
    _forget_answered(session, now)
    query = (
        select(Notice, Incident, Staff)
        .join(Incident, col(Incident.id) == col(Notice.incident_id))
        .join(Staff, col(Staff.id) == col(Notice.staff_id))
        .where(col(Notice.mail_id).is_(None), col(Notice.due) <= now, _is_still_so(), _is_heard(now))
        .order_by(col(Notice.staff_id), col(Notice.rhythm), col(Notice.id))
        .limit(MOST_NOTICES)
    )
    due = [(notice, incident, staff) for notice, incident, staff in session.exec(query)]
    names = read_names(session, list({incident.id: incident for _, incident, _ in due}.values()))
    resting, heard = _resting(session, now), _heard_of(session, now)
    written = 0
    for (_, rhythm), group in groupby(due, key=lambda told: (told[2].id, told[0].rhythm)):
        told = list(group)
        recipient = told[0][2].email or ""
        is_resting = rhythm == Rhythm.NOW and recipient in resting
        if is_resting and not _is_much_more(told, heard.get(told[0][2].id or 0, 0)):
            continue
        _write(session, recipient, told, names, now=now, address=address)
        written += 1
    return written


def forget_notices(session: Session, now: int) -> None:
    """Drop what is due: there is no mail server, and old news later helps nobody."""
    session.execute(delete(Notice).where(col(Notice.mail_id).is_(None), col(Notice.due) <= now))


def _forget_answered(session: Session, now: int) -> None:
    """Drop the calls for help that wait while somebody reacted meanwhile, or it is over."""
    answered = select(Incident.id).where(
        or_(
            col(Incident.closed).is_not(None),
            col(Incident.acknowledged_at).is_not(None),
            col(Incident.snoozed_until) > now,
        )
    )
    waiting = delete(Notice).where(col(Notice.mail_id).is_(None), col(Notice.moment) == Moment.ESCALATED)
    session.execute(waiting.where(col(Notice.incident_id).in_(answered)))


def _is_still_so() -> ColumnElement[bool]:
    """Hold a call for help back while all its zuilen are fine: either it closes, or they fall out again."""
    wrong = case((col(KioskWatch.state) == State.OK, 0), else_=1)
    fine = (
        select(IncidentKiosk.incident_id)
        .join(KioskWatch, col(KioskWatch.kiosk) == col(IncidentKiosk.kiosk))
        .where(col(IncidentKiosk.left_at).is_(None))
        .group_by(col(IncidentKiosk.incident_id))
        .having(func.max(wrong) == 0)
    )
    return or_(col(Notice.moment) != Moment.ESCALATED, col(Notice.incident_id).not_in(fine))


def _is_heard(now: int) -> ColumnElement[bool]:
    """Hold back what would be told at once of an incident for which somebody asked silence.

    It is told when the silence is over, if there is still something to tell; a digest tells it anyhow.
    """
    is_loud = or_(col(Incident.snoozed_until).is_(None), col(Incident.snoozed_until) <= now)
    return or_(is_loud, col(Notice.rhythm) == Rhythm.DAILY)


def _resting(session: Session, now: int) -> frozenset[str]:
    query = select(col(OutgoingMail.recipient)).where(
        col(OutgoingMail.created) > now - REST_MILLIS, col(OutgoingMail.message_id).startswith("<alert")
    )
    return frozenset(session.exec(query))


def _heard_of(session: Session, now: int) -> dict[int, int]:
    """Return person -> how many zuilen of the newest incidents stood in his mails."""
    query = (
        select(Notice.staff_id, func.sum(Incident.kiosks))
        .join(Incident, col(Incident.id) == col(Notice.incident_id))
        .where(col(Incident.opened) > now - 2 * REST_MILLIS, col(Notice.mail_id).is_not(None))
        .group_by(col(Notice.staff_id))
    )
    return {staff: int(kiosks) for staff, kiosks in session.exec(query)}


def _is_much_more(told: Sequence[_Told], heard: int) -> bool:
    lost = sum(incident.kiosks for notice, incident, _staff in told if notice.moment == Moment.OPENED)
    return lost >= max(MANY, MUCH_MORE * heard)


def _write(
    session: Session, recipient: str, told: Sequence[_Told], names: Names, *, now: int, address: str
) -> None:
    _ = translator(told[0][0].language)
    is_daily = told[0][0].rhythm == Rhythm.DAILY
    subject = _subject(_, told, names, is_daily=is_daily)
    body = _body(_, told, names, Moments(_, from_millis(now)), address)
    mail = put_mail(session, recipient, subject, body, kind="daily" if is_daily else "alert", now=now)
    ids = [notice.id for notice, *_rest in told]
    # In parts: a statement takes so many values, and no more.
    for first in range(0, len(ids), 500):
        some = col(Notice.id).in_(ids[first : first + 500])
        session.execute(update(Notice).where(some).values(mail_id=mail.id))


def _subject(_: Translator, told: Sequence[_Told], names: Names, *, is_daily: bool) -> str:
    if is_daily:
        return _("Zuilen: het overzicht van de dag")
    if len(told) == 1:
        notice, incident, _staff = told[0]
        title = incident_title(_, incident, names)
        cause = cause_word(_, Cause(incident.cause))
        if notice.moment == Moment.CLOSED:
            return _("Opgelost: {title}", title=title)
        if notice.moment == Moment.ESCALATED:
            return _("Nog niemand reageerde: {title}", title=title)
        return f"{title}: {cause}"
    if all(notice.moment == Moment.CLOSED for notice, *_rest in told):
        return _.plural("{n} melding is opgelost", "{n} meldingen zijn opgelost", len(told))
    return _.plural("{n} melding over zuilen", "{n} meldingen over zuilen", len(told))


def _body(_: Translator, told: Sequence[_Told], names: Names, moments: Moments, address: str) -> str:
    headings: Mapping[str, str] = {
        Moment.ESCALATED: _("Nog niemand reageerde"),
        Moment.OPENED: _("Nieuw"),
        Moment.WORSE: _("Erger geworden"),
        Moment.CLOSED: _("Opgelost"),
    }
    parts: list[str] = []
    for moment, heading in headings.items():
        some = [incident for notice, incident, _staff in told if notice.moment == moment]
        if not some:
            continue
        lines = [incident_line(_, one, names, moments, address) for one in some[:MOST_LINES]]
        if len(some) > MOST_LINES:
            lines.append(_("… en nog {n} andere.", n=len(some) - MOST_LINES))
        parts.append(f"{heading}\n\n" + "\n\n".join(lines))
    link = _("Alle meldingen: {address}", address=f"{address}/monitor/meldingen")
    change = _("Welke mails je krijgt, kies je hier: {address}", address=f"{address}/monitor/berichten")
    return "\n\n".join([*parts, f"-- \n{link}\n{change}\n"])


def incident_line(_: Translator, incident: Incident, names: Names, moments: Moments, address: str) -> str:
    """Return what a mail says of one incident, with its link."""
    title = incident_title(_, incident, names)
    cause = cause_word(_, Cause(incident.cause))
    since = _("sinds {moment}", moment=moments.moment(from_millis(incident.opened)))
    if incident.closed is not None:
        over = _("over sinds {moment}", moment=moments.moment(from_millis(incident.closed)))
        since = f"{since}, {over}"
    return f"* {title}\n  {cause}, {since}\n  {address}/monitor/meldingen/{incident.id}"
