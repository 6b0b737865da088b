"""Lists of people: those that wait, those whose time is over."""

from __future__ import annotations

from datetime import UTC, datetime

from server.bulk.working import forget_lists, work_at_open
from server.kernel.database import Database
from server.settings import Settings


def work_at_lists(database: Database, _: Settings) -> None:
    """Go on with the lists whose process is gone."""
    work_at_open(database)


def forget(database: Database, _: Settings) -> None:
    """Forget the lists whose time is over."""
    with database.writing() as session:
        forget_lists(session, datetime.now(UTC))
