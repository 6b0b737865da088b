"""`zuil-server staff add` as a person runs it."""

import os
import secrets
import subprocess
import sys
from functools import partial

import pytest
from sqlmodel import select

from fakes.command import environment_of, run_command
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.kernel.audit import AuditEntry
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from server.staff.models import Staff, StaffRole

KEY = secrets.token_bytes(32)
ADA = ("--name", "Ada  Janssens", "--email", "Ada@Example.org", "--role", "admin")


@pytest.fixture
def database(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'server.db'}", Vault(KEY))
    migrate(database)
    with database.writing() as session:
        create_card_system(session, 5, "UiTPAS Gent")
        create_counter(session, CounterFacts("De Zaal", None, None, frozenset({5})))
    yield database
    database.dispose()


@pytest.fixture
def add(database, tmp_path):
    environment = environment_of(str(database.engine.url), KEY, tmp_path)
    return partial(run_command, environment, "staff", "add")


def everyone(database):
    with database.reading() as session:
        rows = session.exec(select(Staff, StaffRole).join(StaffRole, StaffRole.staff_id == Staff.id))
        return [
            (who.name, who.email, who.uitid, what.role, what.card_system_id, what.counter_id)
            for who, what in rows
        ]


def test_the_first_administrator_is_invited_by_mail_and_the_trail_says_by_whom(add, database):
    done = add(*ADA)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "Ada Janssens (Ada@Example.org) is admin from the first login on.\n"
    assert everyone(database) == [("Ada Janssens", "ada@example.org", None, "admin", None, None)]
    with database.reading() as session:
        deed = session.exec(select(AuditEntry).where(AuditEntry.action == "add-member")).one()
    assert deed.staff_id is None
    assert deed.subject_kind == "everything"
    assert deed.detail["by"].startswith("zuil-server, user ")


def test_a_second_time_changes_nothing(add, database):
    add(*ADA)
    done = add(*ADA)
    assert done.returncode == 0
    assert "already is admin" in done.stdout
    assert len(everyone(database)) == 1


@pytest.mark.parametrize(
    ("role", "place", "expected"),
    [
        ("ksb", ("--system", "5"), ("ksb", 5, None)),
        ("technician", ("--system", "5"), ("technician", 5, None)),
        ("balie", ("--counter", "De Zaal"), ("balie", None, 1)),
        ("balie", ("--counter", "1"), ("balie", None, 1)),
    ],
)
def test_each_function_has_its_place(add, database, role, place, expected):
    done = add("--name", "Jan", "--uitid", "jan-1", "--role", role, *place)
    assert done.returncode == 0, done.stderr
    assert everyone(database) == [("Jan", None, "jan-1", *expected)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((*ADA, "--system", "5"), "The role admin takes no --system."),
        ((*ADA[:-1], "ksb"), "The role ksb needs --system."),
        ((*ADA[:-1], "balie"), "The role balie needs --counter."),
        ((*ADA[:-1], "ksb", "--system", "9"), "There is no card system 9; choose 5 (UiTPAS Gent)."),
        ((*ADA[:-1], "balie", "--counter", "Nergens"), "There is no counter Nergens."),
        (("--name", " ", *ADA[2:]), "--name is empty."),
        (("--name", "Ada", "--email", "ada", "--role", "admin"), "'ada' is not an e-mail address."),
        (("--name", "Ada", "--uitid", " ", "--role", "admin"), "--uitid is empty."),
        (("--name", "Ada", "--role", "admin"), "one of the arguments --uitid --email is required"),
        ((*ADA[:-1], "king"), "invalid choice: 'king'"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_code_2(add, database, arguments, sentence):
    done = add(*arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert everyone(database) == []


def test_a_database_without_tables_is_exit_code_1(tmp_path):
    environment = os.environ | environment_of(f"sqlite:///{tmp_path / 'empty.db'}", KEY, tmp_path)
    command = [sys.executable, "-m", "server", "staff", "add", *ADA]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "zuil-server migrate" in done.stderr
    assert "Traceback" not in done.stderr
