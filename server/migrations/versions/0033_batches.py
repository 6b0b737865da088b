"""What became of a deed for many zuilen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UUID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")


def upgrade() -> None:
    op.create_table(
        "kiosk_batch",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "kiosk_batch_member",
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.Column("command_id", _UUID, nullable=True),
        sa.Column("config", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["kiosk_batch.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch_id", "kiosk"),
    )


def downgrade() -> None:
    op.drop_table("kiosk_batch_member")
    op.drop_table("kiosk_batch")
