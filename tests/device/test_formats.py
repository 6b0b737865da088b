"""The formats that a program says it reads and writes are those of its files."""

from contextlib import closing

import pytest

from device.adapters import build_cache, journal
from device.adapters.sqlite import NewerSchemaError, connect, migrate
from device.formats import CACHE, JOURNAL

STEPS = ("CREATE TABLE one (x)", "CREATE TABLE two (x)", "CREATE TABLE three (x)")


def version_after(path, steps, writes):
    with closing(connect(path, synchronous="FULL")) as connection:
        migrate(connection, path, steps, writes)
        return connection.execute("PRAGMA user_version").fetchone()[0]


def test_every_step_of_a_schema_is_one_that_the_program_says_it_reads():
    assert len(journal.SCHEMA) == JOURNAL.reads
    assert len(build_cache.SCHEMA) == CACHE.reads


def test_a_program_goes_back_onto_a_file_of_a_newer_format_that_it_reads_but_does_not_write(tmp_path):
    path = tmp_path / "a.db"
    assert version_after(path, STEPS[:2], 1) == 1
    assert version_after(path, STEPS[:2], 2) == 2
    assert version_after(path, STEPS[:2], 1) == 2
    with pytest.raises(NewerSchemaError):
        version_after(path, STEPS[:1], 1)
