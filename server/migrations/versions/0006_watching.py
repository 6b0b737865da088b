"""How zuilen are over time: samples, summaries, states and what a KSB decides of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = (
    "listening_pulse",
    "maintenance",
    "kiosk_hours",
    "watch_rules",
    "thinning_mark",
    "kiosk_summary",
    "kiosk_sample",
    "kiosk_transition",
    "kiosk_watch",
)


def upgrade() -> None:
    op.create_table(
        "kiosk_watch",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("heard", sa.BigInteger(), nullable=False),
        sa.Column("hung_up", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("excuse", sa.String(), nullable=False),
        sa.Column("causes", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        _of_kiosk(),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_index("ix_kiosk_watch_due", "kiosk_watch", ["due"])
    op.create_index("ix_kiosk_watch_state", "kiosk_watch", ["state"])
    op.create_table(
        "kiosk_transition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("excuse", sa.String(), nullable=False),
        sa.Column("causes", sa.String(), nullable=False),
        _of_kiosk(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_kiosk_transition_kiosk", "kiosk_transition", ["kiosk", "at"])
    op.create_table(
        "kiosk_sample",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("taps", "refusals", "queue", "waits")),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("temperature", "signal", "round_trip")),
        sa.Column("clock", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.Integer(), nullable=True),
        sa.Column("disk", sa.Integer(), nullable=True),
        _of_kiosk(),
        sa.PrimaryKeyConstraint("kiosk", "at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "kiosk_summary",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("grain", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("samples", "taps", "refusals", "queue", "waits")
        ),
        *(
            sa.Column(name, sa.Integer(), nullable=True)
            for name in (
                "temperature",
                "hottest",
                "signal",
                "weakest",
                "round_trip",
                "slowest",
                "memory",
                "disk",
            )
        ),
        _of_kiosk(),
        sa.PrimaryKeyConstraint("kiosk", "grain", "at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "thinning_mark",
        sa.Column("grain", sa.Integer(), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("grain"),
    )
    op.create_table(
        "watch_rules",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("thresholds", sa.JSON(), nullable=False),
        sa.Column("quiet_from", sa.String(), nullable=False),
        sa.Column("quiet_until", sa.String(), nullable=False),
        sa.Column("escalate", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id"),
    )
    op.create_table(
        "kiosk_hours",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("calendar", sa.Text(), nullable=False),
        _of_kiosk(),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_table(
        "maintenance",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        _of_kiosk(),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_maintenance_kiosk", "maintenance", ["kiosk", "ends"])
    op.create_table(
        "listening_pulse",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _of_kiosk() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE")
