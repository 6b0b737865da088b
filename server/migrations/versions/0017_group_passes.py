"""Group passes and the tickets they use."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from server.kernel.ids import new_id

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UUID_TEXT = sa.String(36).with_variant(sa.UUID(as_uuid=False), "postgresql")
BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    passes = op.create_table(
        "group_pass",
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("uitpas_number", sa.String(length=13), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("name", "postcode", "city", "street", "email", "telephone")
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tickets_per_year", sa.Integer(), nullable=True),
        sa.Column("tariff_end", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["uitpas_number"], ["card.uitpas_number"]),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uitpas_number"),
    )
    op.create_index("ix_group_pass_name", "group_pass", ["card_system_id", "name"])
    op.create_table(
        "group_pass_year",
        sa.Column("pass_id", UUID_TEXT, nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["pass_id"], ["group_pass.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("pass_id", "year"),
    )
    op.create_table(
        "group_pass_use",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("pass_id", UUID_TEXT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["pass_id"], ["group_pass.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_group_pass_use_pass_id", "group_pass_use", ["pass_id", "id"])
    _name_what_is_there(passes)


def downgrade() -> None:
    for table in ("group_pass_use", "group_pass_year", "group_pass"):
        op.drop_table(table)


def _name_what_is_there(passes: sa.Table) -> None:
    """Give the cards of groups a pass: without kansentarief until the KSB says how many tickets."""
    found = op.get_bind().execute(
        sa.text("SELECT uitpas_number, card_system_id FROM card WHERE group_pass = true")
    )
    empty = dict.fromkeys(("postcode", "city", "street", "email", "telephone"), "")
    rows = [
        {
            "id": new_id(),
            "uitpas_number": number,
            "card_system_id": system,
            "name": f"Groepspas {number}",
            "made_at": datetime.now(UTC),
            **empty,
        }
        for number, system in found
    ]
    if rows:
        op.bulk_insert(passes, rows)
