"""The first tables: card systems, counters, staff, events, pashouders, cards, check-ins, zuilen, the feed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UUID_TEXT = sa.String(36).with_variant(sa.UUID(as_uuid=False), "postgresql")
BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "slot"),
    )
    op.create_index(op.f("ix_attempt_ends"), "attempt", ["ends"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_audit_entry_at"), "audit_entry", ["at"], unique=False)
    op.create_index(op.f("ix_audit_entry_staff_id"), "audit_entry", ["staff_id"], unique=False)
    op.create_table(
        "card_feed",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("uitpas_number", sa.String(), nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Integer(), nullable=False),
        sa.Column("active_until", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("row_hash", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("card_system_id", "token"),
    )
    op.create_index(op.f("ix_card_feed_passholder_ref"), "card_feed", ["passholder_ref"], unique=False)
    op.create_index("ix_card_feed_position", "card_feed", ["card_system_id", "position"], unique=False)
    op.create_index(op.f("ix_card_feed_uitpas_number"), "card_feed", ["uitpas_number"], unique=False)
    op.create_table(
        "card_system",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("permanent", sa.Boolean(), nullable=False),
        sa.Column("prefixes", sa.JSON(), nullable=False),
        sa.Column("token_key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "change",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_change_position", "change", ["position"], unique=False)
    op.create_index(
        "ix_change_unpublished",
        "change",
        ["id"],
        unique=False,
        sqlite_where=sa.text("position IS NULL"),
        postgresql_where=sa.text("position IS NULL"),
    )
    op.create_table(
        "checkin",
        sa.Column("id", UUID_TEXT, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("uitpas_number", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("wall", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("shown", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("social_tariff", sa.Boolean(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("chip_number", sa.String(), nullable=True),
        sa.Column("change_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_checkin_change", "checkin", ["change_id"], unique=False)
    op.create_index("ix_checkin_kiosk", "checkin", ["kiosk", "seq"], unique=False)
    op.create_index(
        "ix_checkin_passholder_event", "checkin", ["passholder_ref", "event_id", "at"], unique=False
    )
    op.create_index(
        "ix_checkin_waiting",
        "checkin",
        ["chip_number"],
        unique=False,
        sqlite_where=sa.text("chip_number IS NOT NULL"),
        postgresql_where=sa.text("chip_number IS NOT NULL"),
    )
    op.create_table(
        "counter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("organizer_id", sa.String(), nullable=True),
        sa.Column("place_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_counter_organizer_id"), "counter", ["organizer_id"], unique=False)
    op.create_index(op.f("ix_counter_place_id"), "counter", ["place_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("organizer_id", sa.String(), nullable=True),
        sa.Column("organizer_name", sa.String(), nullable=False),
        sa.Column("place_id", sa.String(), nullable=True),
        sa.Column("place_name", sa.String(), nullable=False),
        sa.Column("calendar", sa.JSON(), nullable=False),
        sa.Column("calendar_kind", sa.String(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=True),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("limit_volume", sa.Integer(), nullable=True),
        sa.Column("limit_period", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(op.f("ix_event_organizer_id"), "event", ["organizer_id"], unique=False)
    op.create_index(op.f("ix_event_place_id"), "event", ["place_id"], unique=False)
    op.create_table(
        "event_source_page",
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("url"),
    )
    op.create_table(
        "feed_epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "feed_head",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("checksum", sa.BigInteger(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("card_system_id"),
    )
    op.create_table(
        "job_claim",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "oauth_nonce",
        sa.Column("consumer_key", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer_key", "nonce", "timestamp"),
        # After a crash its timestamps are out of the window anyway.
        prefixes=["UNLOGGED"] if op.get_bind().dialect.name == "postgresql" else [],
    )
    op.create_index(op.f("ix_oauth_nonce_timestamp"), "oauth_nonce", ["timestamp"], unique=False)
    op.create_table(
        "passholder",
        sa.Column("ref", BIG_KEY, nullable=False),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("postcode", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("ref"),
        # Balances change all the time: room for the new row beside the old one.
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "points_entry",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("checkin_id", UUID_TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_points_entry_passholder_ref"), "points_entry", ["passholder_ref"], unique=False)
    op.create_table(
        "server_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uitid", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("uitid"),
    )
    op.create_index(op.f("ix_staff_email"), "staff", ["email"], unique=False)
    op.create_table(
        "card",
        sa.Column("uitpas_number", sa.String(length=13), nullable=False),
        sa.Column("chip_number", sa.String(length=14), nullable=True),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=True),
        sa.Column("group_pass", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["card_system_id"],
            ["card_system.id"],
        ),
        sa.ForeignKeyConstraint(
            ["passholder_ref"],
            ["passholder.ref"],
        ),
        sa.PrimaryKeyConstraint("uitpas_number"),
        sa.UniqueConstraint("chip_number"),
    )
    op.create_index(op.f("ix_card_card_system_id"), "card", ["card_system_id"], unique=False)
    op.create_index(op.f("ix_card_passholder_ref"), "card", ["passholder_ref"], unique=False)
    op.create_table(
        "counter_card_system",
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("counter_id", "card_system_id"),
    )
    op.create_table(
        "event_card_system",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("event_id", "card_system_id"),
    )
    op.create_table(
        "kiosk",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("consumer_key", sa.String(), nullable=True),
        sa.Column("consumer_secret", sa.LargeBinary(), nullable=True),
        sa.Column("code_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("qr", sa.Boolean(), nullable=False),
        sa.Column("qr_seconds", sa.Integer(), nullable=False),
        sa.Column("manual_event_id", sa.String(), nullable=True),
        sa.Column("hold_manual_event", sa.Boolean(), nullable=False),
        sa.Column("lease_days", sa.Integer(), nullable=False),
        sa.Column("heartbeat_seconds", sa.Integer(), nullable=False),
        sa.Column("poll_seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["manual_event_id"], ["event.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("consumer_key"),
    )
    op.create_table(
        "membership",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("social_tariff", sa.Boolean(), nullable=False),
        sa.Column("social_tariff_end", sa.Date(), nullable=True),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("passholder_ref", "card_system_id"),
    )
    op.create_table(
        "staff_role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=True),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_staff_role_staff_id"), "staff_role", ["staff_id"], unique=False)
    op.create_table(
        "kiosk_counter",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk", "counter_id"),
    )
    op.create_index(op.f("ix_kiosk_counter_counter_id"), "kiosk_counter", ["counter_id"], unique=False)
    op.create_table(
        "kiosk_enrolment",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_hash"),
    )
    op.create_index(op.f("ix_kiosk_enrolment_kiosk"), "kiosk_enrolment", ["kiosk"], unique=False)
    op.create_table(
        "kiosk_gap",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("noticed", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_kiosk_gap_kiosk"), "kiosk_gap", ["kiosk"], unique=False)
    op.create_table(
        "kiosk_journal",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("top_seq", sa.BigInteger(), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_table(
        "kiosk_live",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("last_contact", sa.DateTime(timezone=True), nullable=False),
        sa.Column("heartbeat", sa.JSON(), nullable=False),
        sa.Column("queue", sa.Integer(), nullable=False),
        sa.Column("oldest", sa.BigInteger(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("clock_offset_ms", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk"),
    )
    op.create_table(
        "refused_tap",
        sa.Column("kiosk", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosk.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("kiosk", "digest"),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=True),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["role_id"], ["staff_role.id"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash"),
    )
    op.create_index(op.f("ix_staff_session_expires"), "staff_session", ["expires"], unique=False)
    op.create_index(op.f("ix_staff_session_staff_id"), "staff_session", ["staff_id"], unique=False)


def downgrade() -> None:
    op.drop_table("staff_session")
    op.drop_table("refused_tap")
    op.drop_table("kiosk_live")
    op.drop_table("kiosk_journal")
    op.drop_table("kiosk_gap")
    op.drop_table("kiosk_enrolment")
    op.drop_table("kiosk_counter")
    op.drop_table("staff_role")
    op.drop_table("membership")
    op.drop_table("kiosk")
    op.drop_table("event_card_system")
    op.drop_table("counter_card_system")
    op.drop_table("card")
    op.drop_table("staff")
    op.drop_table("server_key")
    op.drop_table("points_entry")
    op.drop_table("passholder")
    op.drop_table("oauth_nonce")
    op.drop_table("job_claim")
    op.drop_table("feed_head")
    op.drop_table("feed_epoch")
    op.drop_table("event_source_page")
    op.drop_table("event")
    op.drop_table("counter")
    op.drop_table("checkin")
    op.drop_table("change")
    op.drop_table("card_system")
    op.drop_table("card_feed")
    op.drop_table("audit_entry")
    op.drop_table("attempt")
