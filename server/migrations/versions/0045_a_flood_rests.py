"""In a flood of check-ins the feed says until when their balances rest, to every process.

Revision ID: 0045
Revises: 0044
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; nothing rests yet."""
    op.add_column(
        "feed_epoch", sa.Column("rest_until", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_column("feed_epoch", "rest_until")
