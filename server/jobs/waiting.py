"""Visits with a card that nobody knew."""

from __future__ import annotations

from datetime import UTC, datetime

from server.checkins.waiting import MOST, forget_chips, judge_waiting
from server.kernel.database import Database
from server.settings import Settings


def judge(database: Database, _: Settings) -> None:
    """Judge the visits whose card is known by now."""
    while True:
        with database.writing() as session:
            if len(judge_waiting(session)) < MOST:
                return


def forget(database: Database, _: Settings) -> None:
    """Forget the chip numbers that nobody claimed in time."""
    with database.writing() as session:
        forget_chips(session, datetime.now(UTC))
