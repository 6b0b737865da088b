"""Zuilen that speak when a test says so, on a clock of its own: a day of watching in a second."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import update
from sqlmodel import col, select

from server.counters.models import Counter, CounterCardSystem
from server.kiosks.models import KioskLive
from server.kiosks.setup import create_kiosk
from server.monitor.models import KioskTransition, KioskWatch
from server.monitor.runner import look
from shared.domain.zones import from_millis
from shared.wire.messages import Clock, Heartbeat, Telemetry

START = 1_795_422_600_000  # Monday 23 November 2026, 09:30 UTC
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


@dataclass
class Field:
    """Zuilen that speak when a test says so, on a clock of its own."""

    database: object
    kiosks: list[int]
    now: int = START

    def speak(self, kiosk, **fields):
        with self.database.writing() as session:
            self._speak(session, kiosk, **fields)

    def _speak(self, session, kiosk, **fields):
        telemetry = Telemetry(**fields.pop("telemetry", {}))
        beat = Heartbeat(
            clock=Clock(wall=self.now, monotonic=0, boot="b"),
            version="1",
            queue=fields.pop("queue", 0),
            telemetry=telemetry,
            **fields,
        )
        live = KioskLive(kiosk=kiosk, last_contact=from_millis(self.now), heartbeat=msgspec.to_builtins(beat))
        session.merge(live)
        self.heard(session, [kiosk])

    def heard(self, session, kiosks):
        """Have zuilen speak that have nothing new to say."""
        rows = update(KioskWatch).where(col(KioskWatch.kiosk).in_(kiosks))
        session.execute(rows.values(heard=self.now, hung_up=None, due=0))

    def wait(self, seconds, *, speaking=(), step=30):
        """Let time pass, with a look every `step` seconds; `speaking` are heard of at each, as they were."""
        until = self.now + seconds * SECOND
        while self.now < until:
            self.now = min(until, self.now + step * SECOND)
            if speaking:
                with self.database.writing() as session:
                    self.heard(session, speaking)
            self.look()

    def look(self):
        look(self.database, self.now)

    def states(self):
        with self.database.reading() as session:
            rows = session.exec(select(KioskWatch).order_by(col(KioskWatch.kiosk)))
            return {row.kiosk: f"{row.state} {row.excuse} {row.causes}".strip() for row in rows}

    def timeline(self, kiosk):
        with self.database.reading() as session:
            query = select(KioskTransition).where(KioskTransition.kiosk == kiosk)
            rows = session.exec(query.order_by(col(KioskTransition.at), col(KioskTransition.id)))
            return [(row.at - START, row.state) for row in rows]


def new_field(database, counters, *, each=1, now=START):
    """Return a field with `each` zuilen at every counter, all of them heard of."""
    with database.writing() as session:
        kiosks = [
            create_kiosk(session, f"Zuil {place}.{number}", "", [counter])
            for place, counter in enumerate(counters, 1)
            for number in range(1, each + 1)
        ]
        for kiosk in kiosks:
            kiosk.state = "active"
        numbers = [kiosk.number for kiosk in kiosks]
    field = Field(database, numbers, now)
    field.look()
    for number in numbers:
        field.speak(number)
    field.look()
    return field


def add_counter(session, name, system=5):
    """Add a counter of a card system; return its id."""
    counter = Counter(name=name)
    session.add(counter)
    session.flush()
    session.add(CounterCardSystem(counter_id=counter.id, card_system_id=system))
    return counter.id
