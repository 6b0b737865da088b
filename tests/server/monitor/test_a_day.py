"""A day of 200 zuilen with faults at random: the alerts are exactly the faults, no miss and no false one."""

import random
from collections import Counter
from typing import NamedTuple

import pytest
from sqlmodel import select

from fakes.field import HOUR, MINUTE, SECOND, add_counter, new_field
from fakes.scene import add_region
from server.monitor.models import Incident
from server.monitor.rules import put_hours
from shared.wire.messages import CalendarMessage, OpeningHoursMessage

EACH = 4
SPACE = 40 * MINUTE
OUTAGE = 10 * MINUTE


class Fault(NamedTuple):
    """What is wrong from `begin` to `end`; `told`: scope, key and cause of its alert, None for no alert."""

    begin: int
    end: int
    kiosks: tuple[int, ...]
    kind: str
    told: tuple[str, str, str] | None


def draw(rng, kiosks, counter, at, closed):
    """Return a fault at one counter. At a closed one everything may happen, and nothing is told."""
    one = rng.choice(kiosks)
    kind, minutes = rng.choice(
        [
            ("silent", rng.randint(9, 25)),
            ("counter", rng.randint(9, 25)),
            ("reader", rng.randint(5, 20)),
            ("power", rng.randint(5, 20)),
            ("blip", 2),
            ("flicker", 0.5),
        ]
    )
    told = {
        "silent": ("kiosk", str(one), "silent"),
        "counter": ("counter", str(counter), "silent"),
        "reader": ("kiosk", str(one), "reader"),
        "power": ("kiosk", str(one), "power"),
    }.get(kind)
    hit = tuple(kiosks) if kind == "counter" else (one,)
    return Fault(at, at + round(minutes * MINUTE), hit, kind, None if closed else told)


def plan(rng, stands, length, outage, closed):
    faults = []
    for counter, kiosks in stands.items():
        at = rng.randint(10 * MINUTE, 4 * HOUR)
        while at < length - 90 * MINUTE:
            fault = draw(rng, kiosks, counter, at, counter in closed)
            if fault.end + SPACE < outage or fault.begin > outage + OUTAGE + SPACE:
                faults.append(fault)
            at = fault.end + SPACE + rng.randint(0, 5 * HOUR)
    return faults


class Day:
    """Plays a plan on a field."""

    def __init__(self, field, faults):
        self.field, self.faults, self.start = field, faults, field.now
        self.speaking = {}

    def step(self):
        """Let the zuilen speak that speak now: everything once a minute, news at once."""
        now = self.field.now - self.start
        active = [fault for fault in self.faults if fault.begin <= now < fault.end]
        silent = {
            kiosk for fault in active if fault.kind in ("silent", "counter", "blip") for kiosk in fault.kiosks
        }
        told = {
            kiosk: {"reader": "away"} if fault.kind in ("reader", "flicker") else {"faults": ["E72"]}
            for fault in active
            if fault.kind in ("reader", "flicker", "power")
            for kiosk in fault.kiosks
        }
        for kiosk in told.keys() | self.speaking.keys():
            if told.get(kiosk) != self.speaking.get(kiosk):
                self.field.speak(kiosk, **told.get(kiosk, {}))
        self.speaking = told
        if now // (30 * SECOND) % 2 == 0:
            with self.field.database.writing() as session:
                self.field.heard(session, [kiosk for kiosk in self.field.kiosks if kiosk not in silent])
        self.field.look()


@pytest.mark.slow
def test_the_alerts_of_a_day_are_the_faults_of_that_day(database):
    rng = random.Random(20_261_123)
    with database.writing() as session:
        counters = [add_region(session)]
        counters += [add_counter(session, f"Balie {number}") for number in range(2, 51)]
    field = new_field(database, counters, each=EACH)
    stands = {
        counter: field.kiosks[place * EACH : (place + 1) * EACH] for place, counter in enumerate(counters)
    }
    # These places are closed all day: they open on the day before only.
    closed = set(counters[:5])
    sunday = CalendarMessage(
        kind="permanent", hours=[OpeningHoursMessage(days=[7], opens="10:00", closes="12:00")]
    )
    with database.writing() as session:
        for counter in closed:
            for kiosk in stands[counter]:
                put_hours(session, kiosk, sunday)
    length, outage = 24 * HOUR, 11 * HOUR
    faults = plan(rng, stands, length, outage, closed)
    day = Day(field, faults)
    while field.now - day.start < length:
        in_outage = outage <= field.now - day.start < outage + OUTAGE
        field.now += OUTAGE if in_outage else 30 * SECOND
        day.step()
    with database.reading() as session:
        found = session.exec(select(Incident)).all()
    told = Counter((one.scope, one.key, one.cause) for one in found)
    assert told == Counter(fault.told for fault in faults if fault.told)
    assert sum(told.values()) > 50
    assert all(one.closed is not None for one in found)
