"""Events that are over are not read for ever: the last day of each is kept.

Revision ID: 0042
Revises: 0041
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

EVENT = sa.table(
    "event", sa.column("id", sa.String), sa.column("calendar", sa.JSON), sa.column("last_day", sa.Date)
)
AT_ONCE = 1_000
# A window closes within a day of its end, or of a night that begins on the last day.
MARGIN = timedelta(days=2)


def upgrade() -> None:
    """Add the day, work it out for the events there are, and look events up by it."""
    op.add_column("event", sa.Column("last_day", sa.Date(), nullable=False, server_default="9999-12-31"))
    connection = op.get_bind()
    known = ""
    page = sa.select(EVENT.c.id, EVENT.c.calendar).order_by(EVENT.c.id).limit(AT_ONCE)
    while rows := connection.execute(page.where(EVENT.c.id > known)).all():
        days = [{"one": id_, "day": _last_day(calendar)} for id_, calendar in rows]
        change = sa.update(EVENT).where(EVENT.c.id == sa.bindparam("one"))
        connection.execute(change.values(last_day=sa.bindparam("day")), days)
        known = rows[-1].id
    for column in ("organizer", "place"):
        op.drop_index(f"ix_event_{column}_id", "event")
        op.create_index(f"ix_event_{column}", "event", [f"{column}_id", "last_day"])


def downgrade() -> None:
    """Look events up without it again."""
    for column in ("organizer", "place"):
        op.drop_index(f"ix_event_{column}", "event")
        op.create_index(f"ix_event_{column}_id", "event", [f"{column}_id"])
    op.drop_column("event", "last_day")


def _last_day(calendar: dict[str, Any]) -> date:
    if spans := calendar.get("spans"):
        return (datetime.fromtimestamp(max(span["end"] for span in spans) / 1000, UTC) + MARGIN).date()
    last = date.fromisoformat(calendar.get("last") or "9999-12-31")
    return last + MARGIN if last < date.max - MARGIN else date.max
