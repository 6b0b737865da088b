"""A zuil that was off when the KSB blocked it: what it does, and what the dashboard says meanwhile."""

from datetime import timedelta

import pytest
from babel.dates import format_date
from sqlmodel import select

from fakes.dashboard import Dashboard
from fakes.system import (
    CHIPS,
    a_zuil_without_limits,
    database_of,
    is_erased,
    rows,
    switch_off_with_a_tap_to_hand_in,
    tap,
    wait_for,
)
from server.demo.script import HALL
from server.kiosks.models import KioskLive
from shared.domain.zones import BRUSSELS

LEASE_DAYS = 9


@pytest.fixture
def zuil(system, running):
    return a_zuil_without_limits(system, running, HALL)


@pytest.fixture
def dashboard(system, zuil):
    dashboard = Dashboard(system.server.url, zuil.state()["kiosk"])
    before = zuil.state()["config"]
    dashboard.post("instellingen", language="nl", qr="yes", result="2.5", lease=str(LEASE_DAYS))
    wait_for(lambda: zuil.state()["config"] != before)
    wait_for(lambda: 'data-confirmed="yes"' in dashboard.page)
    switch_off_with_a_tap_to_hand_in(zuil)
    dashboard.post("blokkeren", sure="yes")
    return dashboard


def test_it_hands_in_erases_and_comes_back_only_with_another_enrolment(system, zuil, dashboard):
    wait_for(lambda: dashboard.farewell == "out-of-reach")

    zuil.program.start()
    wait_for(lambda: is_erased(zuil))
    wait_for(lambda: dashboard.farewell == "wiped")
    assert len(rows(system, "SELECT id FROM checkin")) == 2
    assert tap(zuil, CHIPS[2])["outcome"] == "technical"
    zuil.stop()

    dashboard.post("deblokkeren")
    code = dashboard.post("code").partition('id="code">')[2].partition("<")[0]
    zuil.provision(code)
    zuil.start()
    wait_for(lambda: zuil.state()["event"])
    assert dashboard.farewell == ""
    assert tap(zuil, CHIPS[2])["outcome"] == "ok"
    wait_for(lambda: len(rows(system, "SELECT id FROM checkin")) == 3)


def test_one_that_never_hears_it_stops_by_itself_and_the_dashboard_knows_when(system, zuil, dashboard):
    with database_of(system) as database, database.reading() as session:
        heard = session.exec(select(KioskLive.last_contact).where(KioskLive.version != "")).one()
    stops = (heard + timedelta(days=LEASE_DAYS)).astimezone(BRUSSELS)
    wait_for(lambda: dashboard.farewell == "out-of-reach")
    assert format_date(stops, "EEE d MMM y", locale="nl") in dashboard.page

    system.server.stop()
    zuil.program.start()
    wait_for(zuil.ready)
    assert tap(zuil, CHIPS[2])["outcome"] == "ok", "it does not know, and its lease runs"
    zuil.send("clock", offset_seconds=(LEASE_DAYS + 1) * 86_400)
    wait_for(lambda: zuil.state()["screen"] == "out_of_order")
    assert tap(zuil, CHIPS[3])["outcome"] == "technical"
    assert zuil.state()["queue"] == 2, "its journal stays"


@pytest.mark.slow
def test_a_demo_with_a_blocked_zuil_starts_again_and_with_an_unblocked_one_it_takes_cards(system, running):
    system.start_server(running)
    system.start_zuil(HALL, running)
    zuil = system.zuilen[HALL]
    dashboard = Dashboard(system.server.url, zuil.state()["kiosk"])
    dashboard.post("blokkeren", sure="yes")
    wait_for(lambda: is_erased(zuil))
    for _ in range(2):
        zuil.stop()
        system.server.stop()
        system.start_server(running)
        system.start_zuil(HALL, running)
        if "E50" in zuil.state()["faults"]:
            dashboard.post("deblokkeren")
    assert zuil.ready()
