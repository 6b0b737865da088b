"""Programs that are killed at any moment: every green tap reaches the server exactly once."""

import random
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from server.demo.cards import CARDS, TapKind
from server.demo.script import EVENT, HALL, SIDE
from server.events.models import Event
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk
from server.kiosks.setup import put_event
from shared.domain.checkin import CardState
from shared.domain.periods import Period

CHIPS = [
    card.chip
    for card in CARDS
    if card.chip
    and card.person
    and card.state is CardState.ACTIVE
    and card.tariff != "expired"
    and card.system == 5
]


@contextmanager
def database_of(system):
    database = Database(system.server.environment["ZUIL_DATABASE_URL"], Vault(bytes(32)))
    try:
        yield database
    finally:
        database.dispose()


def without_limit(system, name):
    """Put an event on a zuil on which people save as often as they tap, so that every tap is green."""
    with database_of(system) as database, database.writing() as session:
        event = session.get(Event, EVENT)
        event.limit_volume, event.limit_period = 1_000_000, Period.ABSOLUTE
        put_event(session, session.exec(select(Kiosk).where(Kiosk.name == name)).one(), EVENT)


def rows(system, statement, **values):
    with database_of(system) as database, database.reading() as session:
        return session.execute(text(statement), values).all()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def tap(zuil, chip):
    """Tap a card; return the answer, or None when the zuil was gone before it could say anything."""
    try:
        return zuil.send("tap", chip=chip, kind=TapKind.ULTRALIGHT, hold_ms=1)
    except httpx.HTTPError:
        return None


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
    [(200, 4), pytest.param(1_000, 20, marks=pytest.mark.slow)],
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
    (total,) = rows(system, "SELECT coalesce(sum(points), 0) FROM points_entry WHERE checkin_id IS NOT NULL")[
        0
    ]
    assert total == len(granted)
    assert rows(system, "SELECT * FROM kiosk_gap WHERE state = 'open'") == []
    wrong = rows(
        system,
        "SELECT ref FROM passholder WHERE points <>"
        " (SELECT sum(points) FROM points_entry WHERE passholder_ref = passholder.ref)",
    )
    assert wrong == []


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
