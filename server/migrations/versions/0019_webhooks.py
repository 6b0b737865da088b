"""A webhook for the alerts of a card system."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_webhook",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id"),
    )
    op.add_column("webhook_call", sa.Column("card_system_id", sa.Integer(), nullable=True))
    op.add_column("webhook_call", sa.Column("incident_id", sa.BigInteger(), nullable=True))
    op.add_column("webhook_call", sa.Column("moment", sa.String(), nullable=False, server_default=""))
    op.create_index("ix_webhook_call_system", "webhook_call", ["card_system_id", "id"])


def downgrade() -> None:
    # An older program would post them to the operator.
    op.execute("DELETE FROM webhook_call WHERE card_system_id IS NOT NULL")
    op.drop_index("ix_webhook_call_system", "webhook_call")
    op.drop_column("webhook_call", "moment")
    op.drop_column("webhook_call", "incident_id")
    op.drop_column("webhook_call", "card_system_id")
    op.drop_table("alert_webhook")
