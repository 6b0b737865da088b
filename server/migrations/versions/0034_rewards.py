"""Welcome rewards: what there is, who was given what, who took it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rewards()
    _given()
    op.create_table(
        "reward_rules",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("grants_welcome", sa.Boolean(), nullable=False),
        sa.Column("hands_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id"),
    )


def downgrade() -> None:
    for name in (
        "reward_rules",
        "reward_redemption",
        "reward_grant",
        "reward_counter",
        "reward_system",
        "reward",
    ):
        op.drop_table(name)


def _rewards() -> None:
    moments = ("granting_begin", "granting_end", "redeem_begin", "redeem_end", "publication_end", "ended_at")
    op.create_table(
        "reward",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("title", "description", "practical_info", "more_info_url")
        ),
        sa.Column("pictures", sa.JSON(), nullable=False),
        sa.Column("cities", sa.JSON(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=True),
        sa.Column("units_taken", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in moments),
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("publication_begin", "made_at")
        ),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_reward_card_system_id", "reward", ["card_system_id"])
    for table, other in (("reward_system", "card_system"), ("reward_counter", "counter")):
        op.create_table(
            table,
            sa.Column("reward_id", sa.Integer(), nullable=False),
            sa.Column(f"{other}_id", sa.Integer(), nullable=False),
            sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], ondelete="CASCADE"),
            sa.ForeignKeyConstraint([f"{other}_id"], [f"{other}.id"], ondelete="CASCADE"),
            sa.PrimaryKeyConstraint("reward_id", f"{other}_id"),
        )
        op.create_index(f"ix_{table}_{other}_id", table, [f"{other}_id"])


def _given() -> None:
    op.create_table(
        "reward_grant",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("passholder_ref", "reward_id"),
    )
    op.create_index("ix_reward_grant_reward_id", "reward_grant", ["reward_id"])
    op.create_table(
        "reward_redemption",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reward_id", sa.Integer(), nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["reward_id"], ["reward.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_reward_redemption_passholder_ref", "reward_redemption", ["passholder_ref", "reward_id"]
    )
    op.create_index("ix_reward_redemption_reward_id", "reward_redemption", ["reward_id", "id"])
