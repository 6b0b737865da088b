"""A real zuil and the real server, between which the answer to the enrolment gets lost."""

import pytest

from fakes.fault_proxy import FaultProxy
from fakes.scene import add_kiosk, add_region
from fakes.server_process import SECRET_KEY, running_server
from fakes.virtual_zuil import VirtualZuil
from server.kernel.database import Database
from server.kernel.vault import Vault


@pytest.fixture
def code(sqlite_url):
    database = Database(sqlite_url, Vault(SECRET_KEY))
    with database.writing() as session:
        code = add_kiosk(session, add_region(session))[1]
    database.dispose()
    return code


def test_a_lost_answer_costs_no_code(sqlite_url, code, tmp_path):
    with running_server(sqlite_url, tmp_path) as server, FaultProxy(server) as proxy:
        proxy.break_next("enrolments", "reply lost", times=2)
        zuil = VirtualZuil(tmp_path, proxy.url, code).start()
        try:
            zuil.ready()
            assert len(proxy.met) == 2
            assert zuil.state()["faults"] == []
        finally:
            zuil.stop()
