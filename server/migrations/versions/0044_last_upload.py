"""An upload is contact too: a journal says when its zuil last sent one.

Revision ID: 0044
Revises: 0043
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the moment; of uploads before it is not known."""
    op.add_column("kiosk_journal", sa.Column("received", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("kiosk_journal", "received")
