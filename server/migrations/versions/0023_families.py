"""Families of pashouders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "family_member",
        sa.Column("main_ref", sa.BigInteger(), nullable=False),
        sa.Column("member_ref", sa.BigInteger(), nullable=False),
        sa.Column("icon", sa.String(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["main_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["member_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("main_ref", "member_ref"),
    )
    op.create_index("ix_family_member_member_ref", "family_member", ["member_ref"])


def downgrade() -> None:
    op.drop_table("family_member")
