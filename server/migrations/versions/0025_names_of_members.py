"""Members are found by name within their card system, whatever the language of the database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

FOLDED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_index("ix_name_word_passholder_ref", "name_word")
    op.rename_table("name_word", "name_word_before")
    op.create_table(
        "name_word",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("word", FOLDED, nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["passholder_ref", "card_system_id"],
            ["membership.passholder_ref", "membership.card_system_id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("card_system_id", "word", "passholder_ref", name="name_word_of_member_pkey"),
    )
    op.execute(
        "INSERT INTO name_word (card_system_id, word, passholder_ref)"
        " SELECT m.card_system_id, w.word, w.passholder_ref FROM name_word_before w"
        " JOIN membership m ON m.passholder_ref = w.passholder_ref"
    )
    op.create_index("ix_name_word_passholder_ref", "name_word", ["passholder_ref"])
    op.drop_table("name_word_before")
    # Until something counts its rows, PostgreSQL would look people up the long way.
    op.execute("ANALYZE name_word")


def downgrade() -> None:
    op.drop_index("ix_name_word_passholder_ref", "name_word")
    op.rename_table("name_word", "name_word_after")
    op.create_table(
        "name_word",
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("passholder_ref", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["passholder_ref"], ["passholder.ref"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("word", "passholder_ref", name="name_word_pkey"),
    )
    op.execute(
        "INSERT INTO name_word (word, passholder_ref)"
        " SELECT DISTINCT word, passholder_ref FROM name_word_after"
    )
    op.create_index("ix_name_word_passholder_ref", "name_word", ["passholder_ref"])
    op.drop_table("name_word_after")
