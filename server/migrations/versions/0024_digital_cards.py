"""Digital cards, where a card system gives them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "registration_rules", sa.Column("cardless", sa.String(), nullable=False, server_default="NONE")
    )


def downgrade() -> None:
    with op.batch_alter_table("registration_rules") as rules:
        rules.drop_column("cardless")
