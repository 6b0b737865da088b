"""Members are found by the middle of their names too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

FOLDED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "name_part",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("part", FOLDED, nullable=False),
        sa.Column("word", FOLDED, nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id", "part", "word"),
    )
    # Each name once, however many people have it: a million of them have a hundred thousand names.
    op.execute(
        "INSERT INTO name_part (card_system_id, part, word)"
        " WITH RECURSIVE ending(card_system_id, part, word) AS ("
        "  SELECT card_system_id, substr(word, 2), word"
        "  FROM (SELECT DISTINCT card_system_id, word FROM name_word WHERE length(word) > 3) AS names"
        "  UNION ALL SELECT card_system_id, substr(part, 2), word FROM ending WHERE length(part) > 3)"
        " SELECT DISTINCT card_system_id, part, word FROM ending"
    )
    op.execute("ANALYZE name_part")


def downgrade() -> None:
    op.drop_table("name_part")
