"""Pictures of pashouders, and the schools they go to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passholder_picture",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("jpeg", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("passholder_ref"),
    )
    op.create_table(
        "passholder_school",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("passholder_ref"),
    )
    op.create_index("ix_passholder_school_counter_id", "passholder_school", ["counter_id"])


def downgrade() -> None:
    op.drop_table("passholder_school")
    op.drop_table("passholder_picture")
