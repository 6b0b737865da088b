"""What the dashboard orders, a real zuil does, and the dashboard knows."""

from contextlib import ExitStack

import httpx
import pytest
from PIL import Image

from fakes.dashboard import Dashboard
from fakes.ports import free_ports
from fakes.prepared import PreparedDemo
from fakes.system import CHIPS, rows, tap, wait_for, without_limit
from server.demo.script import HALL


@pytest.fixture(scope="module")
def system(tmp_path_factory, filled):
    """One system for these tests; in the last one its zuil is wiped."""
    with ExitStack() as running:
        system = PreparedDemo(tmp_path_factory.mktemp("remote"), free_ports(3), filled)
        system.start_server(running)
        without_limit(system, HALL)
        system.start_zuil(HALL, running)
        yield system


@pytest.fixture(scope="module")
def zuil(system):
    zuil = system.zuilen[HALL]
    wait_for(lambda: zuil.state()["event"])
    return zuil


@pytest.fixture(scope="module")
def dashboard(system, zuil):
    return Dashboard(system.server.url, zuil.state()["kiosk"])


SOON = 45
"""Seconds; without being woken a zuil hears an order with its next heartbeat, a minute after the last."""


def test_what_is_ordered_is_done_at_once_and_nothing_of_people_is_told(system, zuil, dashboard):
    wait_for(lambda: dashboard.state("identify") == "" and rows(system, "SELECT * FROM kiosk_live"))
    for chip in [*CHIPS, "04FFFFFFFFFF80"]:
        assert tap(zuil, chip) is not None
    for kind in ("self-test", "show-screen", "resync", "rotate-key"):
        dashboard.order(kind)
        wait_for(lambda kind=kind: dashboard.state(kind) == "done", seconds=SOON)
    source = dashboard.answer("show-screen").partition('src="')[2].partition('"')[0]
    with Image.open(dashboard.client.get(source)) as picture:
        assert picture.size == (128, 64)

    dashboard.order("send-logs")
    wait_for(lambda: dashboard.state("send-logs") == "done")
    link = dashboard.answer("send-logs").partition('href="')[2].partition('"')[0]
    log = dashboard.client.get(link).text.partition('class="zuil-log"')[2].lower()
    assert "the server orders" in log
    people = rows(
        system,
        "SELECT c.chip_number, c.uitpas_number, p.first_name, p.last_name"
        " FROM card c LEFT JOIN passholder p ON p.ref = c.passholder_ref",
    )
    assert len(people) > 5
    for fact in {str(fact).lower() for person in people for fact in person if fact}:
        assert f" {fact} " not in log.replace("\n", " ")
        assert len(fact) < 10 or fact not in log


def test_a_restart_is_carried_out_by_the_supervisor_and_confirmed_by_the_next_start(system, zuil, dashboard):
    before = zuil.program.process.pid
    dashboard.order("restart")
    wait_for(lambda: zuil.program.ended, seconds=20)
    assert dashboard.state("restart") == "sent"
    assert dashboard.client.post(f"{dashboard.here}/opdrachten/restart").status_code == 409
    system.look_after()
    assert zuil.program.process.pid != before
    wait_for(lambda: dashboard.state("restart") == "done")
    wait_for(lambda: is_up(zuil))
    system.look_after()
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    dashboard.order("reboot")
    wait_for(lambda: dashboard.state("reboot") == "refused")


def is_up(zuil):
    try:
        return zuil.state()["ready"]
    except httpx.HTTPError:
        return False


def test_a_zuil_that_was_off_wipes_itself_when_it_is_back_and_the_dashboard_says_when(
    system, zuil, dashboard
):
    zuil.send("network", on=False)
    taps = zuil.state()["last_seq"]
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    zuil.program.kill()
    dashboard.order("wipe", sure="yes")
    assert dashboard.state("wipe") == "waiting"
    zuil.program.start()
    wait_for(lambda: dashboard.farewell == "wiped")
    assert len(rows(system, "SELECT id FROM checkin")) == taps + 1
    assert not (zuil.folder / "state" / "credentials.json").exists()
    assert "Gewist. De zuil bevestigde dat ze vandaag om" in dashboard.page
