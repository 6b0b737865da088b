"""The tables of an installation, up and down, with people's data in them."""

import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from fakes.scene import EVENT, add_holders, add_kiosk, add_region, chip_of
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import WrongDatabaseError, migrate, require_current
from server.migrations.tables import metadata
from server.passholders.models import Passholder

assert EVENT
assert chip_of


@pytest.fixture
def filled(database):
    with database.writing() as session:
        counter = add_region(session)
        add_holders(session, 3)
        add_kiosk(session, counter)
    return database


def test_the_migrations_make_exactly_the_tables_of_the_program(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata()) == []


def test_migrating_again_changes_nothing_and_loses_nothing(filled):
    migrate(filled)
    with filled.reading() as session:
        assert session.get_one(Passholder, 2).last_name == "Peeters 2"


def test_going_down_leaves_nothing_and_going_up_again_works(filled):
    migrate(filled, "base")
    assert set(inspect(filled.engine).get_table_names()) <= {"alembic_version"}
    migrate(filled)
    require_current(filled)
    with filled.writing() as session:
        add_region(session)
        add_holders(session, 1)


def test_a_database_of_a_newer_version_is_refused_with_one_sentence(database):
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for deed in (require_current, migrate):
        with pytest.raises(WrongDatabaseError, match="made by a newer version"):
            deed(database)


def test_an_empty_database_is_refused_with_the_command_that_helps(tmp_path):
    sqlite3.connect(tmp_path / "empty.db").close()
    database = Database(f"sqlite:///{tmp_path / 'empty.db'}", Vault(bytes(32)))
    with pytest.raises(WrongDatabaseError, match="zuil-server migrate"):
        require_current(database)
    database.dispose()
