"""UiTiDs of pashouders, mails to them, and which terms they were given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "uitid_link",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("uitid", sa.String(), nullable=False),
        sa.Column("uitid_v1", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("passholder_ref"),
        sa.UniqueConstraint("uitid"),
        sa.UniqueConstraint("uitid_v1"),
    )
    op.create_index("ix_uitid_link_email", "uitid_link", ["email"])
    op.create_table(
        "uitid_invitation",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("is_due", sa.Boolean(), nullable=False),
        sa.Column("wanted_at", MOMENT, nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("passholder_ref"),
    )
    op.create_index(
        "ix_uitid_invitation_due",
        "uitid_invitation",
        ["wanted_at"],
        sqlite_where=sa.text("is_due"),
        postgresql_where=sa.text("is_due"),
    )
    op.add_column(
        "registration_rules",
        sa.Column("sends_mails", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.add_column("passholder_details", sa.Column("legal_terms", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("passholder_details") as details:
        details.drop_column("legal_terms")
    with op.batch_alter_table("registration_rules") as rules:
        rules.drop_column("sends_mails")
    op.drop_table("uitid_invitation")
    op.drop_table("uitid_link")
