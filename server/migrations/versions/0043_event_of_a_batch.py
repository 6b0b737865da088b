"""The page of a deed for many zuilen says which event was chosen.

Revision ID: 0043
Revises: 0042
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the event; what was done before says none."""
    op.add_column("kiosk_batch", sa.Column("event_id", sa.String(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("kiosk_batch", "event_id")
