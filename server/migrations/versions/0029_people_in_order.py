"""Pashouders by name: a program reads the first page of a million without putting them in order."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_passholder_name", "passholder", ["last_name", "first_name", "ref"])


def downgrade() -> None:
    op.drop_index("ix_passholder_name", "passholder")
