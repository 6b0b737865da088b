"""Many zuilen in use, without devices: rows as their heartbeats and the watch leave them."""

import time

from sqlalchemy import func, insert
from sqlmodel import select

from server.counters.models import Counter, CounterCardSystem
from server.kiosks.models import Kiosk, KioskCounter, KioskLive
from server.monitor.models import KioskWatch
from shared.domain.zones import from_millis

HOUR = 3_600_000


def add_crowd(database, count, *, counter=None, system=5, now=None, first=0):
    """Add zuilen that spoke just now and are ok for an hour, at one counter; return the counter's id."""
    now = now or int(time.time() * 1000)
    with database.writing() as session:
        if counter is None:
            stand = Counter(name="Menigte")
            session.add(stand)
            session.flush()
            counter = stand.id
            session.add(CounterCardSystem(counter_id=counter, card_system_id=system))
        begin = (session.scalar(select(func.max(Kiosk.number))) or 0) + 1_000
        numbers = range(begin, begin + count)
        beat = {"clock": {"wall": now, "monotonic": 1, "boot": "b"}, "version": "1", "queue": 0}
        lives = (
            KioskLive(
                kiosk=number,
                last_contact=from_millis(now),
                heartbeat=beat,
                address=f"10.{number >> 8}.{number & 255}.1",
            )
            for number in numbers
        )
        _insert(
            session,
            Kiosk,
            (
                Kiosk(number=number, name=f"Zuil {first + place:04d}", code_key=b"", state="active")
                for place, number in enumerate(numbers)
            ),
        )
        _insert(session, KioskCounter, (KioskCounter(kiosk=number, counter_id=counter) for number in numbers))
        _insert(session, KioskLive, lives)
        watches = (KioskWatch(kiosk=number, heard=now, since=now, due=now + HOUR) for number in numbers)
        _insert(session, KioskWatch, watches)
    return counter


def _insert(session, table, rows):
    session.execute(insert(table), [row.model_dump() for row in rows])
