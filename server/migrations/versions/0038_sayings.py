"""What the sentences of a zuil mean, so that each reads them in his own language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_TABLES = ("kiosk_command", "kiosk_release")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("said", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "said")
