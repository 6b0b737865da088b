"""Devices that speak the JSON API, and former devices of a zuil."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk", sa.Column("device_hash", sa.LargeBinary(), nullable=True))
    op.add_column("kiosk", sa.Column("device_id", sa.LargeBinary(), nullable=True))
    op.create_index("ix_kiosk_device_hash", "kiosk", ["device_hash"], unique=True)
    op.create_table(
        "kiosk_former_device",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("successor", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["successor"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_index("ix_kiosk_former_device_successor", "kiosk_former_device", ["successor"])


def downgrade() -> None:
    # A device of the JSON API has no other way in: its zuil waits for a device again.
    op.execute("UPDATE kiosk SET state = 'new' WHERE device_hash IS NOT NULL AND state = 'active'")
    op.drop_table("kiosk_former_device")
    op.drop_index("ix_kiosk_device_hash", "kiosk")
    op.drop_column("kiosk", "device_id")
    op.drop_column("kiosk", "device_hash")
