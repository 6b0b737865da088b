"""What was done to one zuil is found without reading the whole audit trail.

Revision ID: 0040
Revises: 0039
"""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the trail by what the deeds were done to."""
    op.create_index("ix_audit_entry_subject", "audit_entry", ["subject_kind", "subject_id", "id"])


def downgrade() -> None:
    """Drop that index."""
    op.drop_index("ix_audit_entry_subject", "audit_entry")
