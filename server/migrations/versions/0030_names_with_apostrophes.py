"""Who has an apostrophe in his name is found without typing it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_WORDS = sa.table("name_word", sa.column("card_system_id"), sa.column("word"), sa.column("passholder_ref"))


def upgrade() -> None:
    rows = _more_words()
    if rows:
        op.bulk_insert(_WORDS, rows)


def downgrade() -> None:
    rows = _more_words()
    if rows:
        each = [_WORDS.c[name] == sa.bindparam(f"a_{name}") for name in rows[0]]
        gone = [{f"a_{name}": value for name, value in row.items()} for row in rows]
        op.get_bind().execute(sa.delete(_WORDS).where(*each), gone)


def _more_words() -> list[dict[str, object]]:
    """Return the words that members with an apostrophe in their names are found by from now on."""
    from server.passholders.names import (  # noqa: PLC0415 - only where there are people
        APOSTROPHES,
        name_words,
        words_of,
    )

    people = sa.table("passholder", sa.column("ref"), sa.column("first_name"), sa.column("last_name"))
    members = sa.table("membership", sa.column("passholder_ref"), sa.column("card_system_id"))
    has_one = [
        field.contains(mark) for field in (people.c.first_name, people.c.last_name) for mark in APOSTROPHES
    ]
    query = (
        sa.select(people, members.c.card_system_id)
        .join(members, members.c.passholder_ref == people.c.ref)
        .where(sa.or_(*has_one))
    )
    return [
        {"card_system_id": one.card_system_id, "word": word, "passholder_ref": one.ref}
        for one in op.get_bind().execute(query)
        for name in [f"{one.first_name} {one.last_name}"]
        for word in name_words(name)
        if word not in words_of(name)
    ]
