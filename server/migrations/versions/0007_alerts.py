"""What is wrong with zuilen, who is told of it and by which mail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "webhook_call",
    "outgoing_mail",
    "notice",
    "alert_wish",
    "incident_note",
    "incident_kiosk",
    "incident",
)
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "incident",
        sa.Column("id", KEY, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("scope", "key", "state", "cause")),
        sa.Column("kiosks", sa.Integer(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("closed", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("assigned_to", sa.Integer(), nullable=True),
        sa.Column("snoozed_until", sa.BigInteger(), nullable=True),
        sa.Column("escalated_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    _where("ix_incident_open", "incident", ["scope", "key"], "closed IS NULL", unique=True)
    op.create_index("ix_incident_opened", "incident", ["opened"])
    op.create_table(
        "incident_kiosk",
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("joined", sa.BigInteger(), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        _of("incident_id", "incident.id"),
        _of("kiosk", "kiosk.number"),
        sa.PrimaryKeyConstraint("incident_id", "kiosk"),
    )
    _where("ix_incident_kiosk_now", "incident_kiosk", ["kiosk"], "left_at IS NULL", unique=True)
    op.create_table(
        "incident_note",
        sa.Column("id", KEY, nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        _of("incident_id", "incident.id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_incident_note_incident_id", "incident_note", ["incident_id"])
    op.create_table(
        "alert_wish",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("state", "rhythm", "language")),
        _of("staff_id", "staff.id"),
        _of("card_system_id", "card_system.id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alert_wish_staff_id", "alert_wish", ["staff_id"])
    op.create_table(
        "notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("moment", "rhythm", "language")),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("mail_id", sa.BigInteger(), nullable=True),
        _of("incident_id", "incident.id"),
        _of("staff_id", "staff.id"),
        sa.PrimaryKeyConstraint("id"),
    )
    _where("ix_notice_waiting", "notice", ["due"], "mail_id IS NULL")
    op.create_index("ix_notice_once", "notice", ["incident_id", "staff_id", "moment"], unique=True)
    op.create_index("ix_notice_staff_id", "notice", ["staff_id"])
    op.create_table(
        "outgoing_mail",
        sa.Column("id", KEY, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("recipient", "subject", "message_id")),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        *_outgoing(),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    _where("ix_outgoing_mail_waiting", "outgoing_mail", ["due"], "sent IS NULL")
    op.create_table(
        "webhook_call",
        sa.Column("id", KEY, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        *_outgoing(),
        sa.PrimaryKeyConstraint("id"),
    )
    _where("ix_webhook_call_waiting", "webhook_call", ["due"], "sent IS NULL")


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)


def _outgoing() -> list[sa.Column[Any]]:
    return [
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
    ]


def _of(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], ondelete="CASCADE")


def _where(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)
