"""The database's history (Alembic), on SQLite and on PostgreSQL."""
