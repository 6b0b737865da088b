"""Keys that are replaced one by one, what became of a blocked zuil, posters."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FIRST_KEY = sa.text("1")


def upgrade() -> None:
    op.add_column(
        "card_system", sa.Column("key_number", sa.Integer(), nullable=False, server_default=FIRST_KEY)
    )
    op.add_column("card_feed", sa.Column("key_number", sa.Integer(), nullable=False, server_default=FIRST_KEY))
    op.create_table(
        "card_system_key",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("token_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id", "number"),
    )
    _replace_heads(
        "SELECT card_system_id, 1, checksum, cards, 0 FROM feed_head",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("key_number", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("card_system_id", "key_number"),
    )
    for column in (
        sa.Column("next_consumer_key", sa.String(), nullable=True),
        sa.Column("next_consumer_secret", sa.LargeBinary(), nullable=True),
        sa.Column("renewal_asked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("result_seconds", sa.Float(), nullable=False, server_default=sa.text("2.5")),
        sa.Column("blocked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("kiosk", column)
    op.create_index("ix_kiosk_next_consumer_key", "kiosk", ["next_consumer_key"], unique=True)
    op.add_column("kiosk_live", sa.Column("lease_days", sa.Integer(), nullable=True))
    op.create_table(
        "poster",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("code_key", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id"),
    )


def downgrade() -> None:
    op.drop_table("poster")
    op.drop_column("kiosk_live", "lease_days")
    op.drop_index("ix_kiosk_next_consumer_key", "kiosk")
    for name in (
        "left_at",
        "told_at",
        "blocked_at",
        "result_seconds",
        "renewal_asked",
        "next_consumer_secret",
        "next_consumer_key",
    ):
        op.drop_column("kiosk", name)
    # An older program knows one key of a card system: the cards under the others go.
    op.execute(
        "DELETE FROM card_feed WHERE key_number <>"
        " (SELECT s.key_number FROM card_system s WHERE s.id = card_feed.card_system_id)"
    )
    _replace_heads(
        "SELECT h.card_system_id, h.checksum, h.cards FROM feed_head h"
        " JOIN card_system s ON s.id = h.card_system_id AND s.key_number = h.key_number",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("card_system_id"),
    )
    op.drop_table("card_system_key")
    op.drop_column("card_feed", "key_number")
    op.drop_column("card_system", "key_number")


def _replace_heads(rows: str, *columns: sa.Column[Any] | sa.PrimaryKeyConstraint) -> None:
    """Give `feed_head` another primary key, which neither database can change in place everywhere."""
    op.create_table("feed_head_new", *columns)
    op.execute(f"INSERT INTO feed_head_new {rows}")  # noqa: S608 - our own words, see above
    op.drop_table("feed_head")
    op.rename_table("feed_head_new", "feed_head")
