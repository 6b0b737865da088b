"""Whole systems of real processes on free loopback ports."""

import signal
from contextlib import ExitStack

import pytest

from fakes.databases import (  # noqa: F401 - fixtures
    SECRET_KEY,
    postgresql_server,
    postgresql_template,
    postgresql_url,
    sqlite_template,
    sqlite_url,
)
from fakes.ports import free_ports
from fakes.prepared import PreparedDemo
from server.demo.installation import Demo

# Tests that run in the background of a shell ignore Ctrl-C, and so would every program they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def running():
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """The data of a demo that nobody started yet, and the one-time codes of its zuilen."""
    demo = Demo(tmp_path_factory.mktemp("filled"), free_ports(3))
    codes = demo.fill()
    return demo.server.environment["ZUIL_DATA_DIR"], codes


@pytest.fixture
def system(tmp_path, filled):
    """A system on SQLite that is not started yet."""
    return PreparedDemo(tmp_path, free_ports(3), filled)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def system_on_both(request, tmp_path):
    """A system on each kind of database, not started yet."""
    if request.param == "sqlite":
        return request.getfixturevalue("system")
    made = Demo(tmp_path, free_ports(3))
    made.server.environment["ZUIL_DATABASE_URL"] = request.getfixturevalue("postgresql_url")
    made.server.environment["ZUIL_SECRET_KEY"] = SECRET_KEY.hex()
    return made
