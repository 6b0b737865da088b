"""How card systems look."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "card_system_branding",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("primary_color", sa.String(), nullable=False),
        sa.Column("secondary_color", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=False),
        sa.Column("logo", sa.LargeBinary(), nullable=True),
        sa.Column("logo_mark", sa.String(), nullable=False),
        sa.Column("display_width", sa.Integer(), nullable=False),
        sa.Column("display_height", sa.Integer(), nullable=False),
        sa.Column("display_bits", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id"),
    )


def downgrade() -> None:
    op.drop_table("card_system_branding")
