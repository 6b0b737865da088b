"""How long a list of people still takes is known.

Revision ID: 0041
Revises: 0040
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep when and where a list was taken up."""
    op.add_column("bulk_list", sa.Column("began", sa.DateTime(timezone=True), nullable=True))
    op.add_column("bulk_list", sa.Column("began_part", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("bulk_list", "began_part")
    op.drop_column("bulk_list", "began")
