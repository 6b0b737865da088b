"""A broken zuil is replaced: another device takes its place, the old one comes back and hands in."""

import pytest

from fakes.dashboard import Dashboard
from fakes.system import (
    CHIPS,
    a_zuil_without_limits,
    is_erased,
    rows,
    switch_off_with_a_tap_to_hand_in,
    wait_for,
)
from fakes.virtual_zuil import VirtualZuil
from server.demo.script import HALL

pytestmark = pytest.mark.slow


@pytest.fixture
def old(system, running):
    """A device with one tap at the server and one that it could not hand in before it was switched off."""
    zuil = a_zuil_without_limits(system, running, HALL)
    zuil.number = zuil.state()["kiosk"]
    switch_off_with_a_tap_to_hand_in(zuil)
    return zuil


def test_each_device_hands_in_its_own_and_the_zuil_stays_who_it_is(system, old, tmp_path):
    dashboard = Dashboard(system.server.url, old.number)
    page = dashboard.post("vervangen", sure="yes")
    code = page.partition('id="code">')[2].partition("<")[0]

    new = VirtualZuil(tmp_path / "new", system.server.url, code).start()
    try:
        state = new.eventually(lambda state: state["event"])
        assert state["kiosk"] == old.number
        assert new.tap(CHIPS[2])["outcome"] == "ok"
        wait_for(lambda: len(rows(system, "SELECT id FROM checkin")) == 2)

        old.program.start()
        wait_for(lambda: is_erased(old))
        wait_for(lambda: len(rows(system, "SELECT id FROM checkin")) == 3)
        taps = rows(system, "SELECT kiosk, seq, verdict FROM checkin ORDER BY received")
        assert [(kiosk == old.number, seq, verdict) for kiosk, seq, verdict in taps] == [
            (True, 1, "granted"),
            (True, 1, "granted"),
            (False, 2, "granted"),
        ]
        assert rows(system, "SELECT id FROM kiosk_gap") == []
        wait_for(lambda: "gaf nog 1 tik af" in dashboard.page and "gewist" in dashboard.page)
        assert new.tap(CHIPS[0])["outcome"] == "ok", "the new device goes on"
    finally:
        new.kill()
