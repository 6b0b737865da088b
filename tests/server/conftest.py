"""The databases of the server's tests."""

from fakes.databases import (  # noqa: F401 - fixtures
    database,
    database_url,
    postgresql_server,
    postgresql_template,
    postgresql_url,
    sqlite_template,
    sqlite_url,
)
