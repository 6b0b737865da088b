"""What holds in each city of a card system; organisations: where they are, and which they belong to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

ADDRESS = ("street", "postcode", "city")


def upgrade() -> None:
    op.create_table(
        "city_settings",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("municipality", sa.String(), nullable=False),
        sa.Column("contact_email", sa.String(), nullable=False),
        sa.Column("cardless", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id", "municipality"),
    )
    op.add_column(
        "registration_rules", sa.Column("tariff_info", sa.String(), nullable=False, server_default="")
    )
    for name in ADDRESS:
        op.add_column("counter", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.create_table(
        "counter_link",
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["parent_id"], ["counter.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("counter_id"),
    )
    op.create_index("ix_counter_link_parent_id", "counter_link", ["parent_id"])


def downgrade() -> None:
    op.drop_table("counter_link")
    # In place: a copy of the table would take what belongs to counters with it on SQLite.
    for name in ADDRESS:
        op.drop_column("counter", name)
    op.drop_column("registration_rules", "tariff_info")
    op.drop_table("city_settings")
