"""Whether a zuil has its event stream open, in the database, so that every process knows."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update
from sqlmodel import col

from server.kernel.database import Database
from server.kiosks.models import KioskLive


def note_hang_up(database: Database, kiosk: int) -> None:
    """Keep that the stream of a zuil closed, until it opens another or sends a heartbeat."""
    _set(database, kiosk, datetime.now(UTC))


def note_return(database: Database, kiosk: int) -> None:
    """Keep that a zuil has its stream open again."""
    _set(database, kiosk, None)


def _set(database: Database, kiosk: int, hung_up: datetime | None) -> None:
    with database.writing() as session:
        session.execute(update(KioskLive).where(col(KioskLive.kiosk) == kiosk).values(hung_up=hung_up))
