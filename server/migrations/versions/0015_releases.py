"""Releases of the zuil's program, their roll-outs, and how far each zuil is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("unpacked", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("notes", sa.String(), nullable=False),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("version"),
    )
    op.create_table(
        "release_part",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("release_id", "number"),
    )
    op.create_table(
        "rollout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("systems", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_rollout_release_id", "rollout", ["release_id"])
    op.create_index("ix_rollout_state", "rollout", ["state"])
    op.create_table(
        "kiosk_release",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("offer", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk", "offer"),
    )
    op.create_index("ix_kiosk_release_at", "kiosk_release", ["at"])
    op.create_table(
        "kiosk_track",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk"),
    )


def downgrade() -> None:
    for table in ("kiosk_track", "kiosk_release", "rollout", "release_part", "release"):
        op.drop_table(table)
    # What was about a roll-out is nothing that the version before can tell.
    op.execute("DELETE FROM notice WHERE incident_id IN (SELECT id FROM incident WHERE scope = 'rollout')")
    op.execute("DELETE FROM incident WHERE scope = 'rollout'")
