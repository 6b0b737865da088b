"""Throw away what served its purpose."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete
from sqlmodel import col

from server.batches.models import KioskBatch
from server.kernel.attempts import purge_attempts
from server.kernel.database import Database
from server.kernel.oauth1 import purge_nonces
from server.kernel.outbox import forget_mails
from server.kiosks.closing import expire_commands, forget_commands
from server.kiosks.models import KioskEnrolment
from server.passholders import names
from server.releases.progress import forget_reports
from server.settings import Settings
from server.staff.models import StaffSession
from server.web.kept import forget_answers
from shared.domain.zones import to_millis

BATCH_KEPT: Final = timedelta(days=31)


def purge_requests(database: Database, _: Settings) -> None:
    """Forget nonces and attempts that no check looks at any more."""
    with database.writing() as session:
        purge_nonces(session)
        purge_attempts(session)


def purge_expired(database: Database, _: Settings) -> None:
    """Forget sessions, answers, enrolment codes and commands that are over, old reports, mails that left."""
    now = datetime.now(UTC)
    with database.writing() as session:
        session.execute(delete(StaffSession).where(col(StaffSession.expires) < now))
        forget_answers(session, now)
        session.execute(delete(KioskEnrolment).where(col(KioskEnrolment.expires) < now))
        expire_commands(session, now)
        forget_commands(session, now)
        session.execute(delete(KioskBatch).where(col(KioskBatch.at) < to_millis(now - BATCH_KEPT)))
        forget_reports(session, to_millis(now))
        forget_mails(session, to_millis(now))


def forget_names(database: Database, _: Settings) -> None:
    """Forget the names that nobody has any more."""
    with database.writing() as session:
        names.forget_names(session)
