"""An enrolment that can be repeated, commands, and what a zuil says when its keys are gone."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UUID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
IS_OPEN = sa.text("state IN ('waiting', 'sent')")


def upgrade() -> None:
    op.add_column("kiosk_enrolment", sa.Column("attempt_hash", sa.LargeBinary(), nullable=True))
    op.add_column("kiosk_enrolment", sa.Column("consumer_key", sa.String(), nullable=True))
    op.add_column("kiosk", sa.Column("wiped_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("kiosk", "left_at")
    op.create_table(
        "kiosk_command",
        sa.Column("id", UUID, nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("asked_by", sa.Integer(), nullable=True),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_kiosk_command_open",
        "kiosk_command",
        ["kiosk", "kind"],
        unique=True,
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_index("ix_kiosk_command_asked", "kiosk_command", ["kiosk", "asked_at"])
    op.create_table(
        "kiosk_command_result",
        sa.Column("command_id", UUID, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["command_id"], ["kiosk_command.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("command_id"),
    )


    op.add_column("card_system_key", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    # Since when the former keys are out of use nobody knows: not longer than since now.
    op.get_bind().execute(
        sa.text(
            "UPDATE card_system_key SET retired_at = :now WHERE number <"
            " (SELECT s.key_number FROM card_system s WHERE s.id = card_system_key.card_system_id)"
        ).bindparams(sa.bindparam("now", datetime.now(UTC), sa.DateTime(timezone=True)))
    )


def downgrade() -> None:
    op.drop_column("card_system_key", "retired_at")
    op.drop_table("kiosk_command_result")
    op.drop_table("kiosk_command")
    op.add_column("kiosk", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE kiosk SET left_at = wiped_at")
    op.drop_column("kiosk", "wiped_at")
    # An older program knows credentials only once they are used.
    op.execute(
        "UPDATE kiosk SET consumer_key = next_consumer_key, consumer_secret = next_consumer_secret,"
        " next_consumer_key = NULL, next_consumer_secret = NULL"
        " WHERE consumer_key IS NULL AND next_consumer_key IS NOT NULL"
    )
    op.drop_column("kiosk_enrolment", "consumer_key")
    op.drop_column("kiosk_enrolment", "attempt_hash")
