"""Permission groups of counters: each card system begins with the standard ones."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# As they were when this step was written; the code may name others by now.
STANDARD: tuple[tuple[str, list[str], bool, bool], ...] = (
    ("Checkin and Ticket balies", ["check-in", "give-rewards", "sell-tickets"], True, False),
    ("Niet-geauthorizeerde registratie balies", ["register"], False, False),
    ("Geauthorizeerde registratie balies", ["grant-social-tariff", "register-without-insz"], False, False),
    ("Mag pashouders andere gemeentes aanmaken", ["register-elsewhere"], False, False),
    ("Mag pashouders uit het buitenland aanmaken", ["register-abroad"], False, False),
    ("Scholen", [], False, True),
)


def upgrade() -> None:
    op.create_table(
        "permission_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_school", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_permission_group_card_system_id", "permission_group", ["card_system_id"])
    op.create_table(
        "counter_permission_group",
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["group_id"], ["permission_group.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("counter_id", "group_id"),
    )
    op.create_index("ix_counter_permission_group_group_id", "counter_permission_group", ["group_id"])
    _give_standard_groups()


def downgrade() -> None:
    op.drop_table("counter_permission_group")
    op.drop_table("permission_group")


def _give_standard_groups() -> None:
    """Give the card systems there are the standard groups; their counters join the default one."""
    connection = op.get_bind()
    for name, rights, is_default, is_school in STANDARD:
        connection.execute(
            sa.text(
                "INSERT INTO permission_group (card_system_id, name, rights, is_default, is_school)"
                " SELECT id, :name, CAST(:rights AS json), :is_default, :is_school FROM card_system ORDER BY id"
                if connection.dialect.name == "postgresql"
                else "INSERT INTO permission_group (card_system_id, name, rights, is_default, is_school)"
                " SELECT id, :name, :rights, :is_default, :is_school FROM card_system ORDER BY id"
            ),
            {"name": name, "rights": json.dumps(rights), "is_default": is_default, "is_school": is_school},
        )
    connection.execute(
        sa.text(
            "INSERT INTO counter_permission_group (counter_id, group_id)"
            " SELECT s.counter_id, g.id FROM counter_card_system s"
            " JOIN permission_group g ON g.card_system_id = s.card_system_id AND g.is_default"
        )
    )
