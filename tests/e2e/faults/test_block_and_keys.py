"""Blocking and fresh keys, between the real server and real zuilen."""

from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from fakes.system import CHIPS, rows, tap, wait_for, without_limit
from server.cardsystems.models import CardSystem
from server.cardsystems.rotation import begin_rotation
from server.demo.script import HALL
from server.jobs.rotation import rotate
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import Kiosk
from server.kiosks.renewal import ask_renewal, renew_code_key
from server.kiosks.setup import block_kiosk, unblock_kiosk


@contextmanager
def opened(system):
    """The server's database with its own secret key, for what is sealed in it."""
    environment = system.server.environment
    key = (Path(environment["ZUIL_DATA_DIR"]) / "secret.key").read_bytes()
    database = Database(environment["ZUIL_DATABASE_URL"], Vault(key))
    try:
        yield database
    finally:
        database.dispose()


def at_the_server(system, act, *more):
    """Do something to the zuil as somebody at the dashboard does."""
    with opened(system) as database, database.writing() as session:
        kiosk = session.exec(select(Kiosk).where(Kiosk.name == HALL)).one()
        return act(session, kiosk, *more)


def started(system, running):
    system.start_server(running)
    without_limit(system, HALL)
    system.start_zuil(HALL, running)
    zuil = system.zuilen[HALL]
    wait_for(lambda: zuil.state()["event"])
    return zuil


def credentials(zuil):
    return Path(zuil.folder) / "state" / "credentials.json"


def is_gone(zuil):
    try:
        return not credentials(zuil).exists() and "E50" in zuil.state()["faults"]
    except httpx.HTTPError:
        return False


def verdicts(system):
    return [tuple(row) for row in rows(system, "SELECT seq, verdict FROM checkin ORDER BY seq")]


def test_a_blocked_zuil_that_was_off_hands_in_its_journal_and_with_another_code_it_goes_on(system, running):
    zuil = started(system, running)
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    wait_for(lambda: zuil.state()["queue"] == 0)
    zuil.send("network", on=False)
    assert tap(zuil, CHIPS[1])["outcome"] == "ok"
    zuil.program.kill()
    at_the_server(system, block_kiosk)

    zuil.program.start()
    wait_for(lambda: is_gone(zuil))
    assert verdicts(system) == [(1, "granted"), (2, "granted")]
    assert zuil.state()["cards"] == 0
    zuil.stop()

    at_the_server(system, unblock_kiosk)
    zuil.provision(at_the_server(system, make_enrolment_code, datetime.now(UTC)))
    zuil.start()
    wait_for(lambda: zuil.state()["event"])
    assert tap(zuil, CHIPS[2])["seq"] == 3
    wait_for(lambda: len(verdicts(system)) == 3)
    assert rows(system, "SELECT * FROM kiosk_gap WHERE state = 'open'") == []
    assert rows(system, "SELECT * FROM kiosk_gap WHERE kind = 'chain'") == []


@pytest.mark.slow
def test_a_zuil_gets_fresh_credentials_and_another_code_key(system, running):
    zuil = started(system, running)
    before = credentials(zuil).read_bytes()
    codes = zuil.state()["config"]
    at_the_server(system, ask_renewal, datetime.now(UTC))
    at_the_server(system, renew_code_key)
    wait_for(lambda: zuil.state()["config"] != codes)
    zuil.stop()
    zuil.start()  # its first heartbeat asks
    wait_for(lambda: credentials(zuil).read_bytes() != before)
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    wait_for(lambda: len(verdicts(system)) == 1)


@pytest.mark.slow
def test_a_card_system_gets_another_token_key_while_people_tap_with_and_without_a_network(system, running):
    zuil = started(system, running)
    assert tap(zuil, CHIPS[0])["outcome"] == "ok"
    with opened(system) as database, database.writing() as session:
        begin_rotation(session, session.get_one(CardSystem, 5))
    zuil.send("network", on=False)
    assert tap(zuil, CHIPS[1])["outcome"] == "ok"
    config = zuil.state()["config"]
    zuil.send("network", on=True)
    assert tap(zuil, CHIPS[2])["outcome"] == "ok"
    with opened(system) as database:
        rotate(database, None)
    wait_for(lambda: zuil.state()["config"] != config)
    assert tap(zuil, CHIPS[3])["outcome"] == "ok"
    wait_for(lambda: zuil.state()["queue"] == 0 and len(verdicts(system)) == 4)
    assert {verdict for _, verdict in verdicts(system)} == {"granted"}
    log = (zuil.folder / "zuil.log").read_text()
    assert log.count("New cache") <= 3, "one fresh snapshot is enough"
