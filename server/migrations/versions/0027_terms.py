"""Who accepted the terms of use, and when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("terms_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    # A database of before knows no administrators of counters: they are its members.
    roles = sa.table("staff_role", sa.column("role", sa.String()))
    op.execute(roles.update().where(roles.c.role == "balie-admin").values(role="balie"))
    # In place: a copy of the table would take everybody's functions with it on SQLite.
    op.drop_column("staff", "terms_at")
