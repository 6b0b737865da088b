"""The members of a card system are counted along an index."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_membership_members", "membership", ["card_system_id", "passholder_ref"])


def downgrade() -> None:
    op.drop_index("ix_membership_members", "membership")
