"""Mails about zuilen: what a person is to be told becomes one mail, and every mail leaves once.

A mail is written in the transaction that uses up its notices, and sent afterwards. A sender claims
it for a while first; one that dies in between has another try later, with the same Message-ID, so
that mail programs show it once.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Final

from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from server.kernel.database import Database
from server.kernel.ids import new_id
from server.kernel.mail import Letter, MailError, Postbox
from server.monitor.models import Incident, Notice, OutgoingMail
from server.monitor.notices import Moment, Rhythm
from server.monitor.telling import Names, incident_title, read_names
from server.monitor.words import cause_word
from server.staff.models import Staff
from server.web.i18n import Translator, translator
from server.web.moments import Moments
from shared.domain.watching import Cause
from shared.domain.zones import from_millis

MOST_NOTICES: Final = 20_000
MOST_LINES: Final = 20
REST_MILLIS: Final = 300_000
"""After a mail about what happens now, the next one to the same person waits so long."""
CLAIM_MILLIS: Final = 120_000
LONGEST_PAUSE_MILLIS: Final = 3_600_000
MOST_ATTEMPTS: Final = 60
_NEVER: Final = 1 << 62
_log = logging.getLogger(__name__)

_Told = tuple[Notice, Incident, Staff]


def write_mails(session: Session, now: int, address: str) -> int:
    """Write a mail to everyone who is to be told something by `now`; return how many.

    address: scheme and host of the links.
    """
    query = (
        select(Notice, Incident, Staff)
        .join(Incident, col(Incident.id) == col(Notice.incident_id))
        .join(Staff, col(Staff.id) == col(Notice.staff_id))
        .where(col(Notice.mail_id).is_(None), col(Notice.due) <= now)
        .order_by(col(Notice.staff_id), col(Notice.rhythm), col(Notice.id))
        .limit(MOST_NOTICES)
    )
    due = [(notice, incident, staff) for notice, incident, staff in session.exec(query)]
    names = read_names(session, list({incident.id: incident for _, incident, _ in due}.values()))
    resting = _resting(session, now)
    written = 0
    for (_, rhythm), group in groupby(due, key=lambda told: (told[2].id, told[0].rhythm)):
        told = list(group)
        recipient = told[0][2].email or ""
        if rhythm == Rhythm.NOW and recipient in resting:
            continue
        _write(session, recipient, told, names, now=now, address=address)
        written += 1
    return written


def send_mails(database: Database, postbox: Postbox, now: int) -> None:
    """Hand over every mail that is due; what does not succeed is tried again, ever more patiently."""
    with database.reading() as session:
        waiting = select(OutgoingMail).where(col(OutgoingMail.sent).is_(None), col(OutgoingMail.due) <= now)
        mails = session.exec(waiting.order_by(col(OutgoingMail.id))).all()
    if not mails:
        return
    try:
        with postbox.open() as smtp:
            for mail in mails:
                if _claim(database, mail, now):
                    _send(database, postbox, smtp, mail, now)
    except MailError as error:
        _log.warning("%s mails wait: %s", len(mails), error)


def forget_notices(session: Session, now: int) -> None:
    """Drop what is due: there is no mail server, and old news later helps nobody."""
    session.execute(delete(Notice).where(col(Notice.mail_id).is_(None), col(Notice.due) <= now))


def _resting(session: Session, now: int) -> frozenset[str]:
    query = select(col(OutgoingMail.recipient)).where(
        col(OutgoingMail.created) > now - REST_MILLIS, ~col(OutgoingMail.message_id).startswith("<daily")
    )
    return frozenset(session.exec(query))


def _write(
    session: Session, recipient: str, told: Sequence[_Told], names: Names, *, now: int, address: str
) -> None:
    _ = translator(told[0][0].language)
    is_daily = told[0][0].rhythm == Rhythm.DAILY
    mail = OutgoingMail(
        recipient=recipient,
        subject=_subject(_, told, names, is_daily=is_daily),
        body=_body(_, told, names, Moments(_, from_millis(now)), address),
        message_id=f"<{'daily' if is_daily else 'alert'}.{new_id()}@zuil>",
        created=now,
        due=now,
    )
    session.add(mail)
    session.flush()
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
        lines = [_line(_, one, names, moments, address) for one in some[:MOST_LINES]]
        if len(some) > MOST_LINES:
            lines.append(_("… en nog {n} andere.", n=len(some) - MOST_LINES))
        parts.append(f"{heading}\n\n" + "\n\n".join(lines))
    link = _("Alle meldingen: {address}", address=f"{address}/monitor/meldingen")
    change = _("Welke mails je krijgt, kies je hier: {address}", address=f"{address}/monitor/berichten")
    return "\n\n".join([*parts, f"-- \n{link}\n{change}\n"])


def _line(_: Translator, incident: Incident, names: Names, moments: Moments, address: str) -> str:
    title = incident_title(_, incident, names)
    cause = cause_word(_, Cause(incident.cause))
    since = _("sinds {moment}", moment=moments.moment(from_millis(incident.opened)))
    if incident.closed is not None:
        over = _("over sinds {moment}", moment=moments.moment(from_millis(incident.closed)))
        since = f"{since}, {over}"
    return f"* {title}\n  {cause}, {since}\n  {address}/monitor/meldingen/{incident.id}"


def _claim(database: Database, mail: OutgoingMail, now: int) -> bool:
    """Take a mail for a while; False when another sender was first."""
    with database.writing() as session:
        taken = (
            update(OutgoingMail)
            .where(
                col(OutgoingMail.id) == mail.id,
                col(OutgoingMail.sent).is_(None),
                col(OutgoingMail.attempts) == mail.attempts,
            )
            .values(attempts=mail.attempts + 1, due=now + CLAIM_MILLIS)
        )
        return session.execute(taken).rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _send(database: Database, postbox: Postbox, smtp: smtplib.SMTP, mail: OutgoingMail, now: int) -> None:
    letter = Letter(mail.recipient, mail.subject, mail.body, mail.message_id, mail.created)
    values: dict[str, object] = {"sent": now, "error": ""}
    try:
        postbox.hand_over(smtp, letter)
    except MailError as error:
        is_last = not error.again or mail.attempts + 1 >= MOST_ATTEMPTS
        pause = min(60_000 << min(mail.attempts, 10), LONGEST_PAUSE_MILLIS)
        values = {"error": str(error)[:500], "due": _NEVER if is_last else now + pause}
        _log.warning("mail %s: %s", mail.id, error)
    with database.writing() as session:
        session.execute(update(OutgoingMail).where(col(OutgoingMail.id) == mail.id).values(**values))


def waiting_mails(session: Session) -> tuple[int, int]:
    """Return how many mails wait to leave, and how many never will."""
    open_ = col(OutgoingMail.sent).is_(None)
    waiting = session.scalar(select(func.count()).where(open_, col(OutgoingMail.due) < _NEVER)) or 0
    lost = session.scalar(select(func.count()).where(open_, col(OutgoingMail.due) >= _NEVER)) or 0
    return waiting, lost
