"""Lists of people that the KSB sends in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
COUNTS = ("parts", "next_part", "rows", "good", "bad", "done", "refused")


def upgrade() -> None:
    op.create_table(
        "bulk_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("claimed", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_bulk_list_card_system_id", "bulk_list", ["card_system_id"])
    op.create_index("ix_bulk_list_state", "bulk_list", ["state"])
    op.create_table(
        "bulk_part",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["bulk_list.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("list_id", "number"),
    )
    op.create_table(
        "bulk_row",
        sa.Column("list_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("insz_digest", sa.LargeBinary(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("municipality", sa.String(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["bulk_list.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("list_id", "line"),
    )
    op.create_index("ix_bulk_row_state", "bulk_row", ["list_id", "state", "line"])
    op.create_index("ix_bulk_row_card", "bulk_row", ["list_id", "card"])
    op.create_index("ix_bulk_row_insz_digest", "bulk_row", ["list_id", "insz_digest"])


def downgrade() -> None:
    op.drop_table("bulk_row")
    op.drop_table("bulk_part")
    op.drop_table("bulk_list")
