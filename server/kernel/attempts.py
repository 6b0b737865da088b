"""Rate limits that hold over all server processes: counted in the database, by subject and time slot."""

from __future__ import annotations

import hashlib
import time
from typing import Final

from sqlalchemy import BigInteger, Column, delete
from sqlmodel import Field, Session, SQLModel, col

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from shared.wire import problems


class Attempt(SQLModel, table=True):
    """How often one subject tried in one slot of time; hashed, for it may be an address or a number."""

    __tablename__ = "attempt"

    subject: bytes = Field(primary_key=True)
    slot: int = Field(sa_column=Column(BigInteger, primary_key=True))
    ends: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    tries: int


_COUNT: Final = Statement("""
INSERT INTO attempt (subject, slot, ends, tries) VALUES (:subject, :slot, :ends, 1)
ON CONFLICT (subject, slot) DO UPDATE SET tries = attempt.tries + 1
RETURNING tries
""")


def count_attempt(session: Session, subject: str, *, seconds: int) -> int:
    """Count one more attempt of `subject`; return how many it made in this slot of `seconds`."""
    slot = int(time.time()) // seconds
    scalars = {"subject": _hash(subject, seconds), "slot": slot, "ends": (slot + 1) * seconds}
    rows = Bulk(session).run(_COUNT, scalars)
    return int(rows[0][0])


def purge_attempts(session: Session) -> None:
    """Forget what no limit looks at any more."""
    session.execute(delete(Attempt).where(col(Attempt.ends) < int(time.time())))


def refuse_flood(database: Database, subject: str, *, most: int, seconds: int) -> None:
    """Refuse a subject that tried more than `most` times in this slot of `seconds`.

    Counts in a transaction of its own, so that an attempt that fails is counted too; call it
    before the request's own session touches the database (SQLite has one writer).

    Raises:
        ProblemError: 429 with Retry-After.
    """
    with database.writing() as session:
        tries = count_attempt(session, subject, seconds=seconds)
    _refuse(tries, most, seconds)


def count_or_refuse(session: Session, subject: str, *, most: int, seconds: int) -> None:
    """Count one more attempt of `subject` as `refuse_flood`, in the request's own transaction.

    An attempt that fails has to answer its error, not raise it, to be counted.

    Raises:
        ProblemError: 429 with Retry-After.
    """
    _refuse(count_attempt(session, subject, seconds=seconds), most, seconds)


def seconds_to_wait(database: Database, subject: str, *, most: int, seconds: int) -> int:
    """Count one more attempt as `refuse_flood`; return the seconds before another, 0 when it may go on."""
    try:
        refuse_flood(database, subject, most=most, seconds=seconds)
    except ProblemError as error:
        return int(error.headers["Retry-After"])
    return 0


def _refuse(tries: int, most: int, seconds: int) -> None:
    if tries > most:
        raise ProblemError(
            429,
            "Too many attempts in a row; please wait a moment.",
            type=problems.RATE_LIMITED,
            headers={"Retry-After": str(seconds - int(time.time()) % seconds)},
        )


def _hash(subject: str, seconds: int) -> bytes:
    return hashlib.sha256(f"{seconds}:{subject}".encode()).digest()
