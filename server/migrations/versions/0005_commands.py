"""An enrolment that can be repeated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk_enrolment", sa.Column("attempt_hash", sa.LargeBinary(), nullable=True))
    op.add_column("kiosk_enrolment", sa.Column("consumer_key", sa.String(), nullable=True))


def downgrade() -> None:
    # An older program knows credentials only once they are used.
    op.execute(
        "UPDATE kiosk SET consumer_key = next_consumer_key, consumer_secret = next_consumer_secret,"
        " next_consumer_key = NULL, next_consumer_secret = NULL"
        " WHERE consumer_key IS NULL AND next_consumer_key IS NOT NULL"
    )
    op.drop_column("kiosk_enrolment", "consumer_key")
    op.drop_column("kiosk_enrolment", "attempt_hash")
