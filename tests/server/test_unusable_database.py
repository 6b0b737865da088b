"""Commands of `zuil-server` on a database file that is damaged, or that is something else."""

import secrets

import pytest

from fakes.command import environment_of, run_command
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate

KEY = secrets.token_bytes(32)
COMMANDS = [
    ("serve",),
    ("migrate",),
    ("feed", "new-epoch"),
    ("cards", "import", "--system", "1", "cards.csv"),
    ("staff", "add", "--name", "Ada", "--email", "ada@example.be", "--role", "admin"),
]


def refused(file, *command):
    done = run_command(environment_of(f"sqlite:///{file}", KEY, file.parent), *command)
    assert (done.returncode, done.stdout) == (1, "")
    (sentence,) = done.stderr.splitlines()
    return sentence


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_file_that_is_no_database_is_one_sentence(tmp_path, command):
    file = tmp_path / "junk.db"
    file.write_bytes(b"junk" * 2000)
    assert refused(file, *command) == (
        f"zuil-server: {file} is damaged, or is no SQLite database (file is not a database);"
        " put back a backup or set ZUIL_DATABASE_URL."
    )
    assert file.read_bytes() == b"junk" * 2000


def test_a_database_with_broken_pages_is_one_sentence(tmp_path):
    file = tmp_path / "server.db"
    database = Database(f"sqlite:///{file}", Vault(KEY))
    migrate(database)
    database.dispose()
    content = bytearray(file.read_bytes())
    content[4096:] = b"junk" * (len(content[4096:]) // 4)
    file.write_bytes(content)
    assert "is damaged, or is no SQLite database (" in refused(file, "migrate")


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    file = tmp_path / "file" / "server.db"
    assert refused(file, "serve") == f"zuil-server: The folder of {file} cannot be made: File exists."
