"""What end-to-end tests do with a whole system: tap, wait, and read the server's database."""

import time
from contextlib import contextmanager

import httpx
from sqlalchemy import func, text
from sqlmodel import select

from server.checkins.models import LEDGER
from server.demo.cards import CARDS, TapKind
from server.demo.script import EVENT
from server.events.models import Event
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk
from server.kiosks.setup import put_event
from server.passholders.models import Passholder
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


def wrong_balances(system):
    """Return (pashouder, balance, sum of the ledger) of each balance that is not that sum."""
    own = LEDGER.c.passholder_ref == Passholder.ref
    total = select(func.coalesce(func.sum(LEDGER.c.points), 0)).where(own).scalar_subquery()
    with database_of(system) as database, database.reading() as session:
        wrong = select(Passholder.ref, Passholder.points, total).where(Passholder.points != total)
        return session.execute(wrong).all()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def a_zuil_without_limits(system, running, name):
    """Start the server and one zuil, with an event on which people save as often as they tap."""
    system.start_server(running)
    without_limit(system, name)
    system.start_zuil(name, running)
    zuil = system.zuilen[name]
    wait_for(lambda: zuil.state()["event"])
    return zuil


def switch_off_with_a_tap_to_hand_in(zuil):
    """Have one tap reach the server and another not, and cut the power."""
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    wait_for(lambda: zuil.state()["queue"] == 0)
    zuil.send("network", on=False)
    assert tap(zuil, CHIPS[1])["outcome"] == "ok"
    zuil.program.kill()


def is_erased(zuil):
    """Whether it destroyed what the server entrusted to it, and says so."""
    try:
        return not (zuil.folder / "state" / "credentials.json").exists() and "E50" in zuil.state()["faults"]
    except httpx.HTTPError:
        return False


def tap(zuil, chip):
    """Tap a card; return the answer, or None when the zuil was gone before it could say anything."""
    try:
        return zuil.send("tap", chip=chip, kind=TapKind.ULTRALIGHT, hold_ms=1)
    except httpx.HTTPError:
        return None
