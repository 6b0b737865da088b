"""Packages of cards, where they are, kept counts, and lists that are taken in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTED = "card_system_id, counter_id, state, social_tariff"


def upgrade() -> None:
    _create_packages()
    op.create_table(
        "card_count",
        sa.Column("id", BIG_KEY, nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("social_tariff", sa.Boolean(), nullable=False),
        sa.Column("cards", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "stock_level",
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=False),
        sa.Column("social_tariff", sa.Boolean(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("lowest", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_system_id", "counter_id", "social_tariff"),
    )
    _create_intakes()
    # SQLite forgets the triggers of a table that Alembic copies: they come last.
    _count_what_is_there()
    _put_in_packages()
    for statement in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in NO_TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_table("card_intake_line")
    op.drop_table("card_intake")
    op.drop_table("stock_level")
    op.drop_table("card_count")
    op.drop_index("ix_card_counter_id", "card")
    op.drop_index("ix_card_package_id", "card")
    with op.batch_alter_table("card") as card:
        card.drop_constraint("card_package_id_fkey", type_="foreignkey")
        card.drop_constraint("card_counter_id_fkey", type_="foreignkey")
        card.drop_column("package_id")
        card.drop_column("counter_id")
    op.drop_table("card_package")


def _create_packages() -> None:
    op.create_table(
        "card_package",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("social_tariff", sa.Boolean(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("counter_id", sa.Integer(), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["counter_id"], ["counter.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("card_system_id", "social_tariff", "first"),
    )
    op.create_index("ix_card_package_state", "card_package", ["card_system_id", "state", "id"])
    op.create_index("ix_card_package_counter_id", "card_package", ["counter_id", "state"])
    with op.batch_alter_table("card") as card:
        card.add_column(sa.Column("package_id", sa.Integer(), nullable=True))
        card.add_column(sa.Column("counter_id", sa.Integer(), nullable=True))
        card.create_foreign_key("card_package_id_fkey", "card_package", ["package_id"], ["id"])
        card.create_foreign_key("card_counter_id_fkey", "counter", ["counter_id"], ["id"])
    op.create_index("ix_card_package_id", "card", ["package_id"])
    op.create_index(
        "ix_card_counter_id",
        "card",
        ["counter_id", "state"],
        sqlite_where=sa.text("counter_id IS NOT NULL"),
        postgresql_where=sa.text("counter_id IS NOT NULL"),
    )


def _create_intakes() -> None:
    op.create_table(
        "card_intake",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("card_system_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("only_good", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("completed", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_system_id"], ["card_system.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_card_intake_card_system_id", "card_intake", ["card_system_id"])
    op.create_index("ix_card_intake_state", "card_intake", ["state"])
    op.create_table(
        "card_intake_line",
        sa.Column("intake_id", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["intake_id"], ["card_intake.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("intake_id", "line"),
    )


def _count_what_is_there() -> None:
    op.execute(
        f"INSERT INTO card_count ({COUNTED}, cards)"
        " SELECT card_system_id, NULL, state, substr(uitpas_number, 12, 1) = '1', count(*) FROM card"
        " GROUP BY card_system_id, state, substr(uitpas_number, 12, 1)"
    )


# The first eleven digits of the package's first number: fifties count from the start of an order.
FIRST = """
    SELECT c.uitpas_number, c.card_system_id, substr(c.uitpas_number, 12, 1) = '1' AS social_tariff,
        CAST(substr(c.uitpas_number, 1, 11) AS bigint)
        - (CAST(substr(c.uitpas_number, 6, 6) AS bigint) - coalesce(o.first_serial, 0)) % 50 AS first
    FROM card c LEFT JOIN card_order o ON o.card_system_id = c.card_system_id
        AND o.prefix = substr(c.uitpas_number, 1, 5)
        AND CAST(substr(c.uitpas_number, 6, 6) AS bigint) >= o.first_serial
        AND CAST(substr(c.uitpas_number, 6, 6) AS bigint) < o.first_serial + o.count
    WHERE c.state = 'STOCK'
"""


def _put_in_packages() -> None:
    op.execute(
        "INSERT INTO card_package (card_system_id, social_tariff, first, state)"
        f" SELECT DISTINCT card_system_id, social_tariff, first, 'STOCK' FROM ({FIRST}) found"
    )
    op.execute(
        "UPDATE card SET package_id = (SELECT p.id FROM"
        f" ({FIRST}) found JOIN card_package p ON p.card_system_id = found.card_system_id"
        " AND p.social_tariff = found.social_tariff AND p.first = found.first"
        " WHERE found.uitpas_number = card.uitpas_number) WHERE state = 'STOCK'"
    )


def _sqlite_rows(event: str, parts: tuple[tuple[str, int], ...]) -> str:
    rows = " UNION ALL ".join(
        f"SELECT {row}.card_system_id, {row}.counter_id, {row}.state,"
        f" substr({row}.uitpas_number, 12, 1) = '1', {sign}"
        for row, sign in parts
    )
    name = event.split(" ", maxsplit=1)[0].lower()
    return (
        f"CREATE TRIGGER card_counted_{name} AFTER {event} ON card BEGIN"
        f" INSERT INTO card_count ({COUNTED}, cards) {rows}; END"
    )


def _postgresql_function(name: str, parts: tuple[tuple[str, int], ...]) -> str:
    rows = " UNION ALL ".join(
        f"SELECT card_system_id, counter_id, state, substr(uitpas_number, 12, 1) = '1' AS social_tariff,"
        f" {sign} AS cards FROM {table}"
        for table, sign in parts
    )
    return (
        f"CREATE FUNCTION card_counted_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" INSERT INTO card_count ({COUNTED}, cards) SELECT {COUNTED}, sum(cards) FROM ({rows}) moved"
        f" GROUP BY {COUNTED} HAVING sum(cards) <> 0; RETURN NULL; END $$"
    )


TRIGGERS = {
    "sqlite": (
        _sqlite_rows("INSERT", (("NEW", 1),)),
        _sqlite_rows("UPDATE OF state, counter_id, card_system_id", (("OLD", -1), ("NEW", 1))),
        _sqlite_rows("DELETE", (("OLD", -1),)),
    ),
    "postgresql": (
        _postgresql_function("insert", (("fresh", 1),)),
        _postgresql_function("update", (("gone", -1), ("fresh", 1))),
        _postgresql_function("delete", (("gone", -1),)),
        "CREATE TRIGGER card_counted_insert AFTER INSERT ON card REFERENCING NEW TABLE AS fresh"
        " FOR EACH STATEMENT EXECUTE FUNCTION card_counted_insert()",
        "CREATE TRIGGER card_counted_update AFTER UPDATE ON card REFERENCING OLD TABLE AS gone"
        " NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION card_counted_update()",
        "CREATE TRIGGER card_counted_delete AFTER DELETE ON card REFERENCING OLD TABLE AS gone"
        " FOR EACH STATEMENT EXECUTE FUNCTION card_counted_delete()",
    ),
}
NO_TRIGGERS = {
    "sqlite": [f"DROP TRIGGER card_counted_{event}" for event in ("insert", "update", "delete")],
    "postgresql": [
        statement
        for event in ("insert", "update", "delete")
        for statement in (
            f"DROP TRIGGER card_counted_{event} ON card",
            f"DROP FUNCTION card_counted_{event}()",
        )
    ],
}
