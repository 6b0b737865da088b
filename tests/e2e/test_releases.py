"""A release that is taken, and broken ones that a zuil leaves by itself and the server halts."""

import httpx
import pytest

from fakes.releases import DOES_NOT_START, IMPATIENT, PUBLIC, READER_FAILS, bundle
from fakes.system import CHIPS, rows, tap, wait_for, without_limit
from server.demo.script import HALL, SIDE
from shared.domain.rollouts import is_within

OLD, GOOD = "0.1.0", "1.0.0"
TRIAL_SECONDS = "9"


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


@pytest.mark.slow
def test_a_good_release_is_taken_and_broken_ones_are_left_halted_and_told(fleet):
    assert fleet.runs(HALL, OLD)
    assert fleet.runs(SIDE, OLD)
    fleet.add(GOOD, IMPATIENT)
    good = fleet.roll_out(GOOD)
    for name in (HALL, SIDE):
        wait_for(lambda name=name: fleet.step(name) == (GOOD, "done") and fleet.runs(name, GOOD))
    assert tap(fleet.system.zuilen[HALL], CHIPS[0])["outcome"] == "ok"

    # (a) One that does not start, to one of the two: it goes back, and the other never hears of it.
    broken = "2.0.0"
    percent, first, other = fleet.only_one(broken)
    fleet.add(broken, DOES_NOT_START)
    number = fleet.roll_out(broken, percent)
    wait_for(lambda: fleet.step(first) == (broken, "failed"))
    wait_for(lambda: fleet.rollout(number) == ("halted", "failed"))
    assert fleet.runs(first, GOOD)
    assert fleet.incidents() == [(number, True)]
    assert not (fleet.system.zuilen[other].folder / "state/releases" / broken).exists()

    # (b) One that starts and lives, but cannot read a card.
    blind = "3.0.0"
    percent, first, other = fleet.only_one(blind)
    fleet.add(blind, READER_FAILS)
    second = fleet.roll_out(blind, percent)
    wait_for(lambda: fleet.step(first) == (blind, "failed"))
    wait_for(lambda: fleet.rollout(second) == ("halted", "failed"))
    (said,) = rows(fleet.system, "SELECT sentence FROM kiosk_release WHERE version = :v", v=blind)[0]
    assert (
        said
        == f"It was not healthy within {TRIAL_SECONDS} seconds. BAD  reader: The card reader's driver failed."
    )
    assert fleet.runs(first, GOOD)
    assert fleet.runs(other, GOOD)
    assert fleet.incidents() == [(number, True), (second, True)]

    # Stopped, all of them: the alerts are over, and who has the good one goes back too.
    for one in (number, second, good):
        fleet.releases("stop", one)
    assert fleet.incidents() == [(number, False), (second, False)]
    wait_for(lambda: fleet.runs(other, OLD))
    wait_for(lambda: fleet.step(other) == (OLD, "done"))

    # Nothing of what people did was lost on the way.
    wait_for(lambda: rows(fleet.system, "SELECT count(*) FROM checkin") == [(1,)])
