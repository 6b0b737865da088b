"""Since when a zuil's event stream is closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosk_live", sa.Column("hung_up", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("kiosk_live", "hung_up")
