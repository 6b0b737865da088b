"""The server as several processes: it may die at any moment, and what one hears all know."""

import threading
import time

import httpx
import pytest
from sqlmodel import select

from fakes.scene import EVENT, add_holders, add_kiosk, add_region, chip_of
from fakes.server_process import running_server, start_server, wait_until
from fakes.station import Station
from server.checkins.models import LEDGER, Checkin
from server.feed.changes import kiosks_changed
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk

TAPS = 300
BATCH = 10
AT_ONCE = 10
"""Seconds: a busy machine takes some, and who is not woken waits for a minute."""
_MOSTLY_POSTGRESQL = pytest.mark.parametrize(
    "database_url", ["postgresql", pytest.param("sqlite", marks=pytest.mark.slow)], indirect=True
)


@pytest.fixture
def database(database_url):
    database = Database(database_url, Vault(bytes(range(32))))
    with database.writing() as session:
        counter = add_region(session)
        add_holders(session, TAPS)
        database.codes = [add_kiosk(session, counter)[1] for _ in range(2)]
    yield database
    database.dispose()


@pytest.mark.slow
def test_a_server_killed_at_any_moment_keeps_each_tap_exactly_once(database, database_url, tmp_path):
    """The zuil sends again what was not answered; the server is killed four times meanwhile."""
    server = start_server(database_url, tmp_path)
    port = int(server.url.rsplit(":", 1)[1])
    try:
        station = Station(server.client, database.codes[0])
        station.follow()
        uploads = [
            station.journal(*[station.tap(chip_of(first + card), EVENT) for card in range(BATCH)])
            for first in range(1, TAPS + 1, BATCH)
        ]
        waiting = list(uploads)
        for life in range(4):
            stop = threading.Timer(0.02 + 0.03 * life, server.kill)
            stop.start()
            while waiting and server.process.poll() is None:
                try:
                    answer = station.upload(waiting[0])
                except httpx.HTTPError:
                    break
                assert {verdict.verdict for verdict in answer.verdicts} == {"granted"}
                waiting.pop(0)
            stop.join()
            server.client.close()
            server = start_server(database_url, tmp_path, port=port)
            station.client = server.client
        for upload in waiting:
            station.upload(upload)
        assert station.upload(uploads[-1]).through == TAPS
    finally:
        server.stop()
    with database.reading() as session:
        taps = [row.seq for row in session.exec(select(Checkin))]
        points = session.exec(select(LEDGER.c.passholder_ref)).all()
    assert sorted(taps) == list(range(1, TAPS + 1))
    assert sorted(points) == list(range(1, TAPS + 1))


class Ear:
    """Listens to the stream of a zuil and notes when each event came."""

    def __init__(self, station):
        self.heard = []
        self._station = station
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        wait_until(lambda: self.heard)

    def _listen(self):
        headers = self._station.headers("GET", "/device/v1/stream")
        try:
            with self._station.client.stream("GET", "/device/v1/stream", headers=headers) as response:
                for line in response.iter_lines():
                    if line == "event: changed":
                        self.heard.append(time.monotonic())
        except httpx.HTTPError:
            pass


@_MOSTLY_POSTGRESQL
def test_what_one_process_commits_wakes_the_zuilen_of_another_at_once(database, database_url, tmp_path):
    with (
        running_server(database_url, tmp_path) as one,
        running_server(database_url, tmp_path) as other,
    ):
        here, there = Station(one.client, database.codes[0]), Station(other.client, database.codes[1])
        here.follow()
        there.follow()
        ear = Ear(there)
        settle(ear)
        begin = time.monotonic()
        here.upload(here.journal(here.tap(chip_of(1), EVENT)))
        wait_until(lambda: ear.heard)
        if database.is_postgresql:
            assert ear.heard[0] - begin < AT_ONCE
        there.follow()
        assert [one.passholder for one in there.checkins.values()] == [1]


@_MOSTLY_POSTGRESQL
def test_the_choice_of_a_counter_wakes_its_zuil_and_nobody_elses(database, database_url, tmp_path):
    with running_server(database_url, tmp_path) as server:
        mine, other = (Station(server.client, code) for code in database.codes)
        mine.follow()
        other.follow()
        ear, others_ear = Ear(mine), Ear(other)
        settle(ear)
        settle(others_ear)
        begin = time.monotonic()
        with database.writing() as session:
            session.get_one(Kiosk, mine.enrolment.kiosk).manual_event_id = EVENT
            kiosks_changed(session, [mine.enrolment.kiosk])
        wait_until(lambda: ear.heard)
        assert ear.heard[0] - begin < AT_ONCE
        mine.follow()
        assert mine.config.manual_event == EVENT
        if database.is_postgresql:
            assert others_ear.heard == []


def settle(ear):
    """Wait until the events of the opening have come: nothing new for a while."""
    wait_until(lambda: ear.heard and time.monotonic() - ear.heard[-1] > 1.5)
    ear.heard.clear()
