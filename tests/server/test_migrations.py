"""The tables of an installation, up and down, with people's data in them."""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlmodel import select

from fakes.scene import EVENT, add_holders, add_kiosk, add_region, chip_of
from server import migrations
from server.cardsystems.models import CardSystem, CardSystemKey
from server.checkins.models import LEDGER, Checkin, PointsEntry, Source, Verdict
from server.counters.models import Counter, CounterCardSystem
from server.demo.seed import seed
from server.events.models import Event
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.commands import ask_command
from server.kiosks.models import Kiosk, KioskCommand
from server.migrations.run import WrongDatabaseError, migrate, require_current
from server.migrations.tables import metadata
from server.passholders.models import NamePart, Passholder
from server.passholders.names import index_name
from server.passholders.namesearch import find_by_name
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role
from shared.domain.commands import CommandKind

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


def rows_in(database):
    with database.engine.connect() as connection:
        names = set(inspect(connection).get_table_names()) - {"alembic_version", "server_key"}
        return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() for name in names}


def every_step():
    """Return the revisions, the newest first."""
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    return [step.revision for step in scripts.walk_revisions()]


@pytest.mark.slow
def test_no_step_takes_rows_along_of_a_table_that_it_leaves(database):
    seed(database, datetime.now(UTC))
    newest, *older = every_step()
    before = rows_in(database)
    for revision in [*older, *reversed(older), newest]:
        migrate(database, revision)
        here = rows_in(database)
        lost = {name for name in here.keys() & before.keys() if here[name] != before[name]}
        assert not lost, f"at {revision}"
        before = here


def test_step_five_and_back_keeps_who_may_speak_and_what_is_known_of_a_wipe(filled):
    now = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with filled.writing() as session:
        kiosk = session.exec(select(Kiosk)).one()
        kiosk.next_consumer_key, kiosk.next_consumer_secret, kiosk.wiped_at = "fresh", b"sealed", now
        kiosk.state = "active"
        system = session.exec(select(CardSystem)).one()
        system.key_number = 2
        session.add(CardSystemKey(card_system_id=system.id, number=1, token_key=b"k", retired_at=now))
        session.flush()
        ask_command(session, kiosk, CommandKind.RESTART, datetime.now(UTC))
    migrate(filled, "0004")
    with filled.engine.begin() as connection:
        assert connection.execute(text("SELECT consumer_key, next_consumer_key FROM kiosk")).all() == [
            ("fresh", None)
        ]
        assert connection.execute(text("SELECT count(*) FROM kiosk WHERE left_at IS NOT NULL")).scalar() == 1
    migrate(filled)
    with filled.reading() as session:
        kiosk = session.exec(select(Kiosk)).one()
        assert (kiosk.consumer_key, kiosk.wiped_at) == ("fresh", None)
        (key,) = session.exec(select(CardSystemKey)).all()
        assert datetime.now(UTC) - key.retired_at < timedelta(minutes=1), "not longer than since now"
        assert session.exec(select(KioskCommand)).all() == []


def test_step_twenty_four_and_back_keeps_who_is_found_by_which_name(filled):
    with filled.writing() as session:
        for holder in session.exec(select(Passholder)):
            index_name(session, holder)
    migrate(filled, "0024")
    with filled.engine.begin() as connection:
        words = connection.execute(text("SELECT word FROM name_word WHERE passholder_ref = 2 ORDER BY word"))
        assert words.scalars().all() == ["2", "an", "peeters"]
    migrate(filled)
    with filled.reading() as session:
        assert [one.ref for one in find_by_name(session, "peeters 2", [5], 10)] == [2]


def test_step_thirty_and_back_keeps_who_is_found_with_or_without_an_apostrophe(filled):
    with filled.writing() as session:
        session.get_one(Passholder, 2).last_name = "O'Brien"
        for holder in session.exec(select(Passholder)):
            index_name(session, holder)
    for revision, found in (("0029", []), ("head", [2])):
        migrate(filled, revision)
        with filled.engine.begin() as connection:
            words = connection.execute(text("SELECT passholder_ref FROM name_word WHERE word = 'obrien'"))
            assert words.scalars().all() == found


def test_step_thirty_one_and_back_keeps_every_line_of_the_ledger(filled):
    """A check-in with a point, one without, and points for joining: two lines before and after."""
    with filled.writing() as session:
        for place, verdict in enumerate((Verdict.GRANTED, Verdict.NOTED)):
            points = int(verdict is Verdict.GRANTED)
            session.add(
                Checkin(
                    id=str(UUID(int=place)), source=Source.KIOSK, passholder_ref=2, event_id=EVENT,
                    at=7, wall=7, received=7, outcome="ok", shown="ok", verdict=verdict, points=points,
                )
            )  # fmt: skip
        session.add(PointsEntry(passholder_ref=2, at=5, points=3, reason="registration"))
    lines = [(5, 3, "registration"), (7, 1, "checkin")]
    migrate(filled, "0030")
    with filled.engine.begin() as connection:
        found = connection.execute(text("SELECT at, points, reason FROM points_entry ORDER BY at"))
        assert found.all() == lines
    migrate(filled)
    with filled.reading() as session:
        ledger = select(LEDGER.c.at, LEDGER.c.points, LEDGER.c.reason).order_by(LEDGER.c.at)
        assert session.exec(ledger).all() == lines
        assert session.exec(select(PointsEntry.points)).all() == [3]


def test_step_thirty_five_lets_everybody_be_found_by_the_middle_of_a_name(filled):
    with filled.writing() as session:
        for holder in session.exec(select(Passholder)):
            index_name(session, holder)
    with filled.reading() as session:
        known = session.exec(select(NamePart.card_system_id, NamePart.part, NamePart.word)).all()
    migrate(filled, "0034")
    migrate(filled)
    with filled.reading() as session:
        again = session.exec(select(NamePart.card_system_id, NamePart.part, NamePart.word)).all()
        assert sorted(again) == sorted(known) != []
        assert [one.ref for one in find_by_name(session, "eete 2", [5], 10)] == [2]


def test_step_forty_two_knows_of_every_event_when_it_is_over(filled):
    """A moment of now, a period, and an event without an end: none is forgotten while it goes on."""
    calendars = [
        {"kind": "periodic", "first": "2026-01-01", "last": "2026-03-31"},
        {"kind": "permanent"},
        {"kind": "periodic", "last": "9999-12-31"},
    ]
    with filled.writing() as session:
        for place, calendar in enumerate(calendars):
            session.add(
                Event(id=f"e{place}", number=90 + place, calendar=calendar, calendar_kind=calendar["kind"],
                      imported_at=datetime.now(UTC))
            )  # fmt: skip
    migrate(filled, "0041")
    migrate(filled)
    with filled.reading() as session:
        days = {event.id: event.last_day for event in session.exec(select(Event))}
    assert days["e0"] == date(2026, 4, 2)
    assert days["e1"] == days["e2"] == date.max
    assert timedelta() < days[EVENT] - datetime.now(UTC).date() <= timedelta(days=3)


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


def test_step_twenty_six_and_back_keeps_who_works_where(filled):
    with filled.writing() as session:
        staff = Staff(uitid="ann", name="Ann", terms_at=datetime(2026, 11, 1, 12, tzinfo=UTC))
        session.add(staff)
        session.flush()
        counter = session.exec(select(Counter)).one()
        counter.city = "Gent"
        session.add(StaffRole(staff_id=staff.id, role=Role.COUNTER_ADMIN, counter_id=counter.id))
    migrate(filled, "0026")
    migrate(filled)
    with filled.reading() as session:
        role, counter = session.exec(select(StaffRole)).one(), session.exec(select(Counter)).one()
        assert (role.role, role.counter_id) == (Role.BALIE, counter.id)
        assert (session.get_one(Staff, role.staff_id).terms_at, counter.city) == (None, "")
        assert session.exec(select(CounterCardSystem)).all(), "what belongs to a counter stays with it"
