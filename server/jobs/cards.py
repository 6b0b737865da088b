"""Cards: lists that wait to be taken in, kept counts, counters that run out."""

from __future__ import annotations

import time

from server.cards.counts import add_up
from server.cards.intake import take_in_waiting
from server.cards.levels import warn_of_low_stock
from server.kernel.database import Database
from server.settings import Settings


def take_in_lists(database: Database, _: Settings) -> None:
    """Take in the lists whose process is gone."""
    take_in_waiting(database)


def count_cards(database: Database, _: Settings) -> None:
    """Add up what triggers noted."""
    with database.writing() as session:
        add_up(session)


def warn(database: Database, settings: Settings) -> None:
    """Write mails about counters that run out of cards, when there is somewhere for them to go."""
    if not settings.has_mail:
        return
    with database.writing() as session:
        now = time.time_ns() // 1_000_000
        warn_of_low_stock(session, now, settings.address)
