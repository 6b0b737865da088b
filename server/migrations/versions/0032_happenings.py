"""What happened to a zuil: other starts and versions; work on it is found by its begin too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "kiosk_happening",
        sa.Column("id", _KEY, nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("was", sa.String(), nullable=False),
        sa.Column("became", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_kiosk_happening_kiosk", "kiosk_happening", ["kiosk", "at"])
    op.create_index("ix_maintenance_starts", "maintenance", ["kiosk", "starts"])


def downgrade() -> None:
    op.drop_index("ix_maintenance_starts", "maintenance")
    op.drop_table("kiosk_happening")
