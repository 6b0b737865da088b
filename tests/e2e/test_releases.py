"""A release that is taken, and broken ones that a zuil leaves by itself and the server halts."""

import httpx
import pytest

from device.adapters.shelf import Shelf
from fakes.releases import DOES_NOT_START, IMPATIENT, LEAPS, NEVER_SYNCS, PUBLIC, READER_FAILS, bundle
from fakes.system import CHIPS, rows, tap, without_limit
from fakes.system import wait_for as wait_a_minute_for
from server.demo.script import HALL, SIDE
from shared.domain.rollouts import is_within

OLD, GOOD = "0.1.0", "1.0.0"
TRIAL_SECONDS = "15"


def wait_for(condition):
    wait_a_minute_for(condition, seconds=150)


class Fleet:
    """A whole system, its zuilen as they are now, and the command line of who releases."""

    def __init__(self, system, folder):
        self.system = system
        self.folder = folder

    def state(self, name):
        self.system.look_after()
        try:
            return self.system.zuilen[name].state()
        except httpx.HTTPError:
            return {}

    def number(self, name):
        return self.state(name)["kiosk"]

    def runs(self, name, version):
        state = self.state(name)
        return state.get("version") == version and state["ready"]

    def step(self, name):
        release = self.state(name).get("release") or {}
        return release.get("version"), release.get("step")

    def releases(self, *arguments):
        return self.system.server.run("releases", *map(str, arguments))

    def add(self, version, *changes):
        file = self.folder / f"{version}.zuil"
        file.write_bytes(bundle(self.folder / f"tree-{version}", version, *changes)[1])
        self.releases("add", file)

    def roll_out(self, version, percent=100):
        self.releases("rollout", version, "--percent", percent)
        return rows(self.system, "SELECT max(id) FROM rollout")[0][0]

    def only_one(self, version):
        """Return a percentage that only one of the zuilen is within, with the names of both."""
        for percent in range(1, 100):
            within = [name for name in (HALL, SIDE) if is_within(self.number(name), version, percent)]
            if len(within) == 1:
                return percent, within[0], SIDE if within[0] == HALL else HALL
        raise AssertionError("both come at once")

    def is_on_trial(self, name, version):
        self.system.look_after()
        return Shelf(self.system.zuilen[name].folder / "state/releases").plan().trial == version

    def told(self, version):
        """Return what a zuil said last of a version, as the server keeps it."""
        query = "SELECT step, sentence FROM kiosk_release WHERE version = :version ORDER BY at DESC"
        return next(iter(rows(self.system, query, version=version)), None)

    def rollout(self, number):
        return rows(self.system, "SELECT state, reason FROM rollout WHERE id = :id", id=number)[0]

    def incidents(self):
        query = "SELECT key, closed IS NULL FROM incident WHERE scope = 'rollout' ORDER BY id"
        return [(int(key), bool(is_open)) for key, is_open in rows(self.system, query)]


@pytest.fixture
def fleet(system, running, tmp_path, monkeypatch):
    monkeypatch.setenv("ZUIL_TRIAL_SECONDS", TRIAL_SECONDS)
    system.server.environment["ZUIL_RELEASE_KEYS"] = PUBLIC
    system.start_server(running)
    for name in (HALL, SIDE):
        without_limit(system, name)
        system.start_zuil(name, running)
    return Fleet(system, tmp_path)


def take_in_spite_of_a_power_cut(fleet):
    """Have both take the good release; return its roll-out."""
    fleet.add(GOOD, IMPATIENT)
    good = fleet.roll_out(GOOD)
    hall = fleet.system.zuilen[HALL]
    wait_for(lambda: fleet.is_on_trial(HALL, GOOD))
    hall.program.kill()
    hall.program.start()
    wait_for(lambda: fleet.runs(HALL, GOOD))
    assert tap(hall, CHIPS[0])["outcome"] == "ok", "people tap meanwhile"
    for name in (HALL, SIDE):
        wait_for(lambda name=name: fleet.step(name) == (GOOD, "done") and fleet.runs(name, GOOD))
    return good


def refuse_what_leaves_no_way_back(fleet):
    leap = "1.1.0"
    fleet.add(leap, LEAPS)
    leaping = fleet.roll_out(leap)
    wait_for(lambda: fleet.told(leap) is not None and fleet.told(leap)[0] == "refused")
    assert "a journal that this version cannot read" in fleet.told(leap)[1]
    fleet.releases("stop", leaping)
    assert fleet.rollout(leaping) == ("stopped", "")


def leave(fleet, version, change):
    """Offer a broken release to one of the two, which goes back; return the roll-out, and what it said."""
    percent, first, other = fleet.only_one(version)
    fleet.add(version, change)
    number = fleet.roll_out(version, percent)
    wait_for(lambda: fleet.step(first) == (version, "failed"))
    wait_for(lambda: fleet.rollout(number) == ("halted", "failed"))
    assert fleet.runs(first, GOOD)
    assert fleet.runs(other, GOOD)
    assert not (fleet.system.zuilen[other].folder / "state/releases" / version).exists()
    assert fleet.incidents()[-1] == (number, True)
    return number, fleet.told(version)[1]


@pytest.mark.slow
def test_a_good_release_is_taken_and_broken_ones_are_left_halted_and_told(fleet):
    assert fleet.runs(HALL, OLD)
    assert fleet.runs(SIDE, OLD)
    good = take_in_spite_of_a_power_cut(fleet)
    refuse_what_leaves_no_way_back(fleet)
    late = f"It was not healthy within {TRIAL_SECONDS} seconds."
    dead, why = leave(fleet, "2.0.0", DOES_NOT_START)
    assert why == "It was started 3 times and did not stay."
    blind, why = leave(fleet, "3.0.0", READER_FAILS)
    assert why == f"{late} BAD  reader: The card reader's driver failed."
    mute, why = leave(fleet, "4.0.0", NEVER_SYNCS)
    assert why.startswith(f"{late} BAD  server")

    # Stopped, all of them: the alerts are over, and who has the good one goes back too.
    for one in (dead, blind, mute, good):
        fleet.releases("stop", one)
    assert fleet.incidents() == [(dead, False), (blind, False), (mute, False)]
    for name in (HALL, SIDE):
        wait_for(lambda name=name: fleet.runs(name, OLD))
    wait_for(lambda: rows(fleet.system, "SELECT count(*) FROM checkin") == [(1,)])
