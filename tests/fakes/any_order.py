"""The installation in which anything may happen: two regions, seven people, one zuil that is in step."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from fakes.fault_proxy import FaultProxy
from fakes.moment import Moment
from fakes.scene import add_event, add_holders, add_kiosk, add_region, chip_of, luhn_number
from fakes.served import SECRET_KEY, Served
from fakes.stepped_zuil import SteppedZuil
from fakes.zuil_model import FILM, LIBRARY, POINTS, YESTERDAY, Who
from server.cards.models import Card
from server.cardsystems.setup import create_card_system
from server.events.models import Event
from server.feed.changes import cards_changed
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk
from server.migrations.run import migrate

NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
DAY = 86_400
LEASE = 30 * DAY
TOLERANCE = 5_000
SLOWEST = 20_000
AN, BOB, CEM = (Who(name, luhn_number(n), chip_of(n), n) for n, name in enumerate(("AN", "BOB", "CEM"), 1))
ANS_KEY = Who("ANS_KEY", luhn_number(11), chip_of(11), 1)
GROUP = Who("GROUP", luhn_number(12), chip_of(12), 0, group=True)
ELSEWHERE = Who("ELSEWHERE", luhn_number(5), chip_of(5), 5, found=False)
STRANGER = Who("STRANGER", luhn_number(14), chip_of(14), 4)
EVERYBODY = (AN, BOB, CEM, ANS_KEY, GROUP, ELSEWHERE, STRANGER)
BY_NUMBER = {who.number: who for who in EVERYBODY}


class World(NamedTuple):
    """What every example begins with: an installation with an enrolled zuil that is in step."""

    server: Path
    zuil: Path
    disk: Path
    is_small: bool


@contextmanager
def small_disk():
    """A place for the zuil's files that can be filled to the brim; any folder where that may not be made."""
    folder = Path(tempfile.mkdtemp(prefix="zuil-disk-"))
    mounted = (
        shutil.which("mount")
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True, check=False
        ).returncode
    )
    try:
        yield folder, bool(mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=False)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def a_world(folder):
    """Make the installation once; every example begins with a copy."""
    with small_disk() as (disk, is_small):
        with pytest.MonkeyPatch.context() as patch:
            server, zuil = begin(folder, patch)
        yield World(server, zuil, disk, is_small)


def begin(folder, patch):
    """Enrol the zuil and bring it in step; return the folders of server and zuil."""
    moment = Moment(NOON)
    moment.rule_the_server(patch)
    server = Served(folder / "server", moment, patch)
    server.folder.mkdir()
    code = found(server)
    with FaultProxy(server.start()) as proxy:
        connect(server, proxy)
        zuil = SteppedZuil(folder / "zuil", folder / "machine", moment, patch)
        zuil.start(proxy.url, code)
        for _ in range(4):
            zuil.go_on(40)
        told, cards = zuil.zuil.health.told(), zuil.zuil.cache.state().cards
        zuil.stop()
        assert (told, cards) == ([], 6), f"{told}, {cards} cards"
    server.stop()
    return server.folder, zuil.state


def found(server):
    """Make the installation; return the code of its zuil."""
    database = Database(f"sqlite:///{server.file}", Vault(SECRET_KEY))
    migrate(database)
    with database.writing() as session:
        counter = add_region(session)
        create_card_system(session, 6, "UiTPAS Brugge", labels=["uitpas-brugge"], prefixes=["09006"])
        add_holders(session, 3)
        add_holders(session, 1, first=5, system=6)
        add_holders(session, 1, first=4)
        for who in (ANS_KEY, GROUP):
            give_card(session, who)
        for number, (event_id, kind) in enumerate(
            ((LIBRARY, "permanent"), (FILM, "permanent"), (YESTERDAY, "single")), 20
        ):
            add_event(session, event_id, number=number, points=POINTS[event_id], start=NOON.replace(day=16))
            session.flush()
            if kind == "permanent":
                event = session.get_one(Event, event_id)
                event.calendar, event.calendar_kind = {"kind": kind}, kind
        session.get_one(Event, LIBRARY).limit_volume = 1
        session.get_one(Event, LIBRARY).limit_period = "DAY"
        session.get_one(Event, FILM).limit_volume = 0
        number, code = add_kiosk(session, counter)
        kiosk = session.get_one(Kiosk, number)
        kiosk.manual_event_id, kiosk.hold_manual_event = LIBRARY, True
    database.dispose()
    return code


def give_card(session, who):
    """Let somebody have his card."""
    session.add(
        Card(
            uitpas_number=who.number,
            chip_number=who.chip,
            card_system_id=5,
            state="ACTIVE",
            passholder_ref=None if who.group else who.reference,
            group_pass=who.group,
        )
    )
    session.flush()
    cards_changed(session, [who.number])


def connect(server, proxy):
    """The server knows itself under the name that the zuil uses."""
    proxy.brief = True
    proxy.lead_to(server)
    server.public_url = proxy.url
    server.app.state.settings = dataclasses.replace(server.app.state.settings, public_url=proxy.url)
