"""`zuil-server serve` where somebody else listens already."""

import secrets
import socket

import pytest

from fakes.command import environment_of, run_command
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate


@pytest.fixture
def environment(tmp_path):
    url, key = f"sqlite:///{tmp_path / 'server.db'}", secrets.token_bytes(32)
    database = Database(url, Vault(key))
    migrate(database)
    database.dispose()
    return environment_of(url, key, tmp_path)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("shares", [False, True], ids=["alone", "with processes of its own"])
def test_a_port_that_is_taken_is_one_sentence(environment, workers, shares):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares))
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run_command(environment | {"ZUIL_PORT": str(port), "ZUIL_WORKERS": str(workers)}, "serve")
    assert done.returncode == 1
    assert done.stderr == f"zuil-server: cannot listen on 127.0.0.1 port {port}: Address already in use.\n"
