"""People as a counter registers them: identity, address, what they want to receive, and where places are."""

from __future__ import annotations

import csv
from importlib import resources

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
TEXTS = ("nationality", "street", "house_number", "box", "municipality", "country", "phone", "note")


def upgrade() -> None:
    op.create_table(
        "passholder_details",
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.Column("insz_digest", sa.LargeBinary(), nullable=True),
        sa.Column("gender", sa.String(), nullable=True),
        *(sa.Column(name, sa.String(), nullable=False) for name in TEXTS),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("opt_ins", sa.JSON(), nullable=False),
        sa.Column("parental_consent", sa.Boolean(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("passholder_ref"),
        sa.UniqueConstraint("insz_digest"),
    )
    op.create_index("ix_passholder_details_email", "passholder_details", ["email"])
    op.add_column("membership", sa.Column("suspended_until", sa.Date(), nullable=True))
    op.add_column("membership", sa.Column("made_at", MOMENT, nullable=True))
    op.create_table(
        "name_word",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "passholder_ref"),
    )
    op.create_index("ix_name_word_passholder_ref", "name_word", ["passholder_ref"])
    op.create_table(
        "registration_rules",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column("welcome_points", sa.Integer(), nullable=False),
        sa.Column("municipalities", sa.JSON(), nullable=False),
        sa.Column("is_strict", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id"),
    )
    places = op.create_table(
        "place",
        sa.Column("postcode", sa.String(length=4), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("municipality", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("postcode", "name"),
    )
    op.create_index("ix_place_municipality", "place", ["municipality"])
    text = resources.files("server.passholders").joinpath("data", "places.csv").read_text("utf-8")
    op.bulk_insert(places, list(csv.DictReader(text.splitlines(), delimiter=";")))
    _find_people_by_name()


def _find_people_by_name() -> None:
    """Put the names of everyone who is there in the table they are found by."""
    from server.passholders.names import words_of  # noqa: PLC0415 - only where there are people

    people = sa.table("passholder", sa.column("ref"), sa.column("first_name"), sa.column("last_name"))
    words = sa.table("name_word", sa.column("word"), sa.column("passholder_ref"))
    connection = op.get_bind()
    last = -1
    while found := connection.execute(
        sa.select(people).where(people.c.ref > last).order_by(people.c.ref).limit(5_000)
    ).all():
        rows = [
            {"word": word, "passholder_ref": one.ref}
            for one in found
            for word in words_of(f"{one.first_name} {one.last_name}")
        ]
        if rows:
            connection.execute(words.insert(), rows)
        last = found[-1].ref


def downgrade() -> None:
    op.drop_table("place")
    op.drop_table("registration_rules")
    op.drop_table("name_word")
    with op.batch_alter_table("membership") as membership:
        membership.drop_column("made_at")
        membership.drop_column("suspended_until")
    op.drop_table("passholder_details")
