"""Alembic's environment; `server.migrations.run` hands it an open connection."""

from __future__ import annotations

from alembic import context

from server.migrations.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    # SQLite cannot alter a table in place: Alembic copies it.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
