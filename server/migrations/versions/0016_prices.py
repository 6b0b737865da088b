"""What cards cost, and vouchers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "voucher_type",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(length=6), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_voucher_type_card_system_id", "voucher_type", ["card_system_id"])
    op.create_table(
        "voucher_series",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("type_id", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["type_id"], ["voucher_type.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_voucher_series_type_id", "voucher_series", ["type_id"])
    op.create_table(
        "voucher",
        sa.Column("number", sa.String(length=16), nullable=False),
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_counter_id", sa.Integer(), nullable=True),
        sa.Column("used_for", sa.String(length=13), nullable=True),
        sa.ForeignKeyConstraint(["series_id"], ["voucher_series.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["used_counter_id"], ["counter.id"]),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_voucher_series_id", "voucher", ["series_id"])
    op.create_table(
        "price_table",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("voucher_type_id", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["voucher_type_id"], ["voucher_type.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_price_table_card_system_id", "price_table", ["card_system_id"])
    op.create_index("ix_price_table_voucher_type_id", "price_table", ["voucher_type_id"])
    op.create_table(
        "price_row",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("age_from", sa.Integer(), nullable=True),
        sa.Column("age_to", sa.Integer(), nullable=True),
        sa.Column("is_for_unknown_age", sa.Boolean(), nullable=False),
        sa.Column("social_tariff", sa.Boolean(), nullable=True),
        sa.Column("is_resident", sa.Boolean(), nullable=True),
        sa.Column("carrier", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["table_id"], ["price_table.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_price_row_table_id", "price_row", ["table_id"])


def downgrade() -> None:
    for table in ("price_row", "price_table", "voucher", "voucher_series", "voucher_type"):
        op.drop_table(table)
