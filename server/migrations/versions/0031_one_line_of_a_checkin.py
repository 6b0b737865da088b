"""A granted check-in is its own line of the ledger; who has the kansentarief is found by a small index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server.kernel.types import UuidText

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_BY_TARIFF = sa.text("social_tariff AND status = 'active'")


def upgrade() -> None:
    op.execute(
        "DELETE FROM points_entry WHERE EXISTS (SELECT 1 FROM checkin WHERE checkin.id = points_entry.checkin_id"
        " AND checkin.verdict = 'granted' AND checkin.points = points_entry.points)"
    )
    with op.batch_alter_table("points_entry") as table:
        table.drop_column("checkin_id")
    op.create_index(
        "ix_membership_tariff",
        "membership",
        ["passholder_ref"],
        sqlite_where=_BY_TARIFF,
        postgresql_where=_BY_TARIFF,
    )


def downgrade() -> None:
    op.drop_index("ix_membership_tariff", "membership")
    with op.batch_alter_table("points_entry") as table:
        table.add_column(sa.Column("checkin_id", UuidText, nullable=True))
    op.execute(
        "INSERT INTO points_entry (passholder_ref, at, points, reason, checkin_id)"
        " SELECT passholder_ref, at, points, 'checkin', id FROM checkin WHERE verdict = 'granted' ORDER BY at"
    )
