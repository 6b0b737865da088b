"""Mail that waits to leave: written in the transaction of what it tells, sent afterwards, once.

A sender claims a mail for a while first; one that dies in between has another try later, with the
same Message-ID, so that mail programs show it once.
"""

from __future__ import annotations

import logging
import smtplib
from typing import Final

from sqlalchemy import BigInteger, Column, Index, Text, delete, func, text, update
from sqlmodel import Field, Session, SQLModel, col, select

from server.kernel.database import Database
from server.kernel.ids import new_id
from server.kernel.mail import Letter, MailError, Postbox
from server.kernel.types import BigKey

CLAIM_MILLIS: Final = 120_000
LONGEST_PAUSE_MILLIS: Final = 3_600_000
MOST_ATTEMPTS: Final = 60
KEPT_MILLIS: Final = 30 * 86_400_000
MOST: Final = 200
"""Mails read at a time; after an outage of the mail server thousands may wait."""
_NEVER: Final = 1 << 62
_log = logging.getLogger(__name__)


class OutgoingMail(SQLModel, table=True):
    """A mail that is to be sent, or was. Instants are milliseconds since 1970 UTC."""

    __tablename__ = "outgoing_mail"
    __table_args__ = (
        Index(
            "ix_outgoing_mail_waiting",
            "due",
            sqlite_where=text("sent IS NULL"),
            postgresql_where=text("sent IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    recipient: str
    subject: str
    body: str = Field(sa_column=Column(Text, nullable=False))
    message_id: str = Field(unique=True)
    created: int = Field(sa_column=Column(BigInteger, nullable=False))
    due: int = Field(sa_column=Column(BigInteger, nullable=False))
    attempts: int = 0
    sent: int | None = Field(default=None, sa_column=Column(BigInteger))
    error: str = ""


def put_mail(
    session: Session, recipient: str, subject: str, body: str, *, kind: str, now: int
) -> OutgoingMail:
    """Write a mail that leaves after the commit. kind: one word, the beginning of its Message-ID."""
    mail = OutgoingMail(
        recipient=recipient,
        subject=subject,
        body=body,
        message_id=f"<{kind}.{new_id()}@zuil>",
        created=now,
        due=now,
    )
    session.add(mail)
    session.flush()
    return mail


def send_mails(database: Database, postbox: Postbox, now: int) -> None:
    """Hand over mails that are due; what does not succeed is tried again, ever more patiently."""
    with database.reading() as session:
        waiting = select(OutgoingMail).where(col(OutgoingMail.sent).is_(None), col(OutgoingMail.due) <= now)
        mails = session.exec(waiting.order_by(col(OutgoingMail.id)).limit(MOST)).all()
    if not mails:
        return
    try:
        with postbox.open() as smtp:
            for mail in mails:
                if _claim(database, mail, now):
                    _send(database, postbox, smtp, mail, now)
    except MailError as error:
        _log.warning("%s mails wait: %s", len(mails), error)


def keep_mails(session: Session, now: int) -> None:
    """Count every mail that is due as sent: here they are read on a page."""
    due = update(OutgoingMail).where(col(OutgoingMail.sent).is_(None), col(OutgoingMail.due) <= now)
    session.execute(due.values(sent=now))


def newest_mails(session: Session, most: int) -> list[OutgoingMail]:
    """Return the mails that were written last, the newest first."""
    return list(session.exec(select(OutgoingMail).order_by(col(OutgoingMail.id).desc()).limit(most)))


def forget_mails(session: Session, now: int) -> None:
    """Forget the mails that left long ago: they name people."""
    session.execute(delete(OutgoingMail).where(col(OutgoingMail.sent) < now - KEPT_MILLIS))


def waiting_mails(session: Session) -> tuple[int, int]:
    """Return how many mails wait to leave, and how many never will."""
    open_ = col(OutgoingMail.sent).is_(None)
    waiting = session.scalar(select(func.count()).where(open_, col(OutgoingMail.due) < _NEVER)) or 0
    lost = session.scalar(select(func.count()).where(open_, col(OutgoingMail.due) >= _NEVER)) or 0
    return waiting, lost


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
