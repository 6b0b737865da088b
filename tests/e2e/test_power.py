"""Programs that are killed at any moment: every green tap reaches the server exactly once."""

import random
import threading

import pytest

from fakes.system import CHIPS, rows, tap, wait_for, without_limit, wrong_balances
from server.demo.script import HALL, SIDE


class Killer(threading.Thread):
    """Kills a program at random moments and starts it again."""

    def __init__(self, program, times, draw):
        super().__init__(daemon=True)
        self.program, self.times, self.draw = program, times, draw
        self.done = threading.Event()

    def run(self):
        for _ in range(self.times):
            if self.done.wait(self.draw.uniform(0.3, 2.0)):
                break
            self.program.program.kill()
            self.program.start()

    def finish(self):
        self.done.set()
        self.join(60)
        assert not self.is_alive()


@pytest.mark.parametrize(
    ("taps", "kills"),
    [(100, 3), pytest.param(1_000, 20, marks=pytest.mark.slow)],
    ids=["200 taps", "1000 taps"],
)
def test_every_green_tap_is_at_the_server_exactly_once_whatever_is_killed(
    system_on_both, running, taps, kills
):
    system = system_on_both
    system.start_server(running)
    without_limit(system, HALL)
    system.start_zuil(HALL, running)
    zuil = system.zuilen[HALL]
    draw = random.Random(taps)
    wait_for(lambda: zuil.state()["event"])
    kiosk = zuil.state()["kiosk"]

    killers = [Killer(zuil, kills, draw), Killer(system.server, kills // 2, draw)]
    for killer in killers:
        killer.start()
    green = set()
    for number in range(taps):
        answer = tap(zuil, CHIPS[number % len(CHIPS)])
        if answer and answer["outcome"] == "ok":
            green.add(answer["seq"])
        if answer is None:
            wait_for(zuil.ready)
    for killer in killers:
        killer.finish()
    wait_for(zuil.ready)
    wait_for(lambda: zuil.state()["queue"] == 0)

    assert len(green) > taps // 2
    kept = rows(system, "SELECT seq, verdict FROM checkin WHERE kiosk = :kiosk ORDER BY seq", kiosk=kiosk)
    sequence = [seq for seq, _ in kept]
    assert sequence == list(range(1, zuil.state()["last_seq"] + 1)), (
        "each row of the journal once, none missing"
    )
    granted = {seq for seq, verdict in kept if verdict == "granted"}
    assert green <= granted
    ((points,),) = rows(system, "SELECT sum(points) FROM checkin WHERE verdict = 'granted'")
    assert points == len(granted)
    assert rows(system, "SELECT * FROM kiosk_gap WHERE state = 'open'") == []
    assert wrong_balances(system) == []


def test_two_zuilen_without_a_network_keep_both_facts_and_the_point_counts_once(system_on_both, running):
    system = system_on_both
    system.start(running)
    zuilen = [system.zuilen[HALL], system.zuilen[SIDE]]
    for zuil in zuilen:
        wait_for(lambda zuil=zuil: zuil.state()["event"])
    same = zuilen[0].state()["event"]["id"]
    assert zuilen[1].state()["event"]["id"] == same
    for zuil in zuilen:
        zuil.send("network", on=False)
    answers = [tap(zuil, CHIPS[0]) for zuil in zuilen]
    assert [answer["outcome"] for answer in answers] == ["ok", "ok"]
    for zuil in zuilen:
        zuil.send("network", on=True)
        wait_for(lambda zuil=zuil: zuil.state()["queue"] == 0)

    kept = rows(system, "SELECT shown, outcome, verdict FROM checkin ORDER BY verdict")
    assert [tuple(row) for row in kept] == [("ok", "ok", "granted"), ("ok", "maximum_reached", "noted")]
    wait_for(lambda: tap(zuilen[0], CHIPS[0])["total"] == answers[0]["total"])
