"""Many zuilen in use, without devices: rows as their heartbeats and the watch leave them."""

import time

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
        kiosks = [
            Kiosk(name=f"Zuil {first + place:04d}", code_key=b"", state="active") for place in range(count)
        ]
        session.add_all(kiosks)
        session.flush()
        for kiosk in kiosks:
            session.add(KioskCounter(kiosk=kiosk.number, counter_id=counter))
            beat = {"clock": {"wall": now, "monotonic": 1, "boot": "b"}, "version": "1", "queue": 0}
            session.add(
                KioskLive(
                    kiosk=kiosk.number,
                    last_contact=from_millis(now),
                    heartbeat=beat,
                    address=f"10.{kiosk.number >> 8}.{kiosk.number & 255}.1",
                )
            )
            session.add(KioskWatch(kiosk=kiosk.number, heard=now, since=now, due=now + HOUR))
    return counter
