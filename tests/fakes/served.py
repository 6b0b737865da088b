"""The real server in this process, over real HTTP, and what people at the counter do to it."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from email.utils import formatdate
from typing import NamedTuple

import uvicorn
from sqlalchemy import func, text
from sqlmodel import select

from server.app import create_app
from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.cardsystems.rotation import begin_rotation, rotation_of
from server.checkins.models import LEDGER
from server.events.models import Event
from server.feed.changes import cards_changed, kiosks_changed
from server.feed.epoch import head, new_epoch
from server.feed.publisher import publish
from server.feed.reading import checksums
from server.jobs import purge, rotation, waiting
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.configuration import compose
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import Kiosk, KioskState
from server.kiosks.renewal import ask_renewal, renew_code_key
from server.kiosks.setup import block_kiosk, put_event, unblock_kiosk
from server.passholders.models import Passholder
from server.settings import Settings

SECRET_KEY = bytes(range(32))
_JOBS = (waiting.judge, rotation.rotate, purge.purge_requests)


class Row(NamedTuple):
    """A check-in as the server keeps it, with its place in the order in which they came."""

    place: int
    id: str
    seq: int | None
    passholder: int | None
    event: str | None
    at: int
    wall: int
    shown: str
    outcome: str
    verdict: str
    points: int
    number: str | None
    received: int


class Served:
    """The server application on the database file in `folder`, with one zuil. The jobs run when told to."""

    def __init__(self, folder, moment, patch):
        self.folder, self.moment = folder, moment
        self.file = folder / "server.db"
        self.public_url = None
        self.kiosk = 1
        patch.setattr("server.app.jobs_running", lambda *_: nullcontext())

    def start(self):
        self.database = Database(f"sqlite:///{self.file}", Vault(SECRET_KEY))
        settings = Settings(f"sqlite:///{self.file}", SECRET_KEY, self.folder, public_url=self.public_url)
        self.app = create_app(dataclasses.replace(settings, code_host="https://zuil.example"))
        self._http = uvicorn.Server(
            uvicorn.Config(self._dated, port=0, log_level="error", date_header=False, interface="asgi3")
        )
        self._thread = threading.Thread(target=self._http.run, name="server", daemon=True)
        self._thread.start()
        while not self._http.started:
            assert self._thread.is_alive(), "the server did not start"
            self._thread.join(0.002)
        port = self._http.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    def stop(self):
        self._http.should_exit = True
        self._thread.join()
        self.database.dispose()

    async def _dated(self, scope, receive, send):
        """Give answers the `Date` of this moment, where uvicorn would give that of the machine."""

        async def sending(message):
            if message["type"] == "http.response.start":
                date = formatdate(self.moment.true, usegmt=True).encode()
                message["headers"] = [*message.get("headers", ()), (b"date", date)]
            await send(message)

        await self.app(scope, receive, sending)

    # --- backups -----------------------------------------------------------------------------

    def back_up(self, target):
        with self.database.writing() as session:
            session.execute(text("SELECT 1"))
            shutil.copy(self.file, target)
            for suffix in ("-wal",):
                log = self.file.with_name(self.file.name + suffix)
                if log.exists():
                    shutil.copy(log, target.with_name(target.name + suffix))

    def restore(self, backup):
        """Put a backup back, as `docs/operations.md` says: with another epoch."""
        self.stop()
        for suffix in ("", "-wal", "-shm"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        for suffix in ("", "-wal"):
            kept = backup.with_name(backup.name + suffix)
            if kept.exists():
                shutil.copy(kept, self.file.with_name(self.file.name + suffix))
        self.start()
        with self.acting() as session:
            new_epoch(session)

    # --- at the counter ----------------------------------------------------------------------

    @contextmanager
    def acting(self):
        """Yield a session; what it changes is published at once, as a server's own process does."""
        with self.database.writing() as session:
            yield session
        publish(self.database)

    def set_card(self, number, **fields):
        with self.acting() as session:
            card = session.get_one(Card, number)
            for name, value in fields.items():
                setattr(card, name, value)
            session.flush()
            cards_changed(session, [number])

    def set_event(self, event_id, **fields):
        with self.acting() as session:
            event = session.get_one(Event, event_id)
            for name, value in fields.items():
                setattr(event, name, value)
            kiosks_changed(session, [self.kiosk])

    def set_kiosk(self, **fields):
        with self.acting() as session:
            kiosk = session.get_one(Kiosk, self.kiosk)
            for name, value in fields.items():
                setattr(kiosk, name, value)
            kiosks_changed(session, [self.kiosk])

    def put_event(self, event_id):
        self._at_the_zuil(put_event, event_id)

    def block(self):
        self._at_the_zuil(block_kiosk)

    def unblock(self):
        """Let the zuil in again; return its one-time code."""
        with self.database.reading() as session:
            state = session.get_one(Kiosk, self.kiosk).state
        if state == KioskState.BLOCKED:
            self._at_the_zuil(unblock_kiosk)
        return self._at_the_zuil(make_enrolment_code, self.moment.now)

    def fresh_keys(self):
        """Ask for fresh credentials, another code key, and another token key for the cards."""
        with self.acting() as session:
            kiosk = session.get_one(Kiosk, self.kiosk)
            if kiosk.state == KioskState.ACTIVE:
                ask_renewal(session, kiosk, self.moment.now)
            renew_code_key(session, kiosk)
            for system in session.exec(select(CardSystem)).all():
                if rotation_of(session, system) is None:
                    begin_rotation(session, system)

    def do_jobs(self):
        for job in _JOBS:
            job(self.database, self.app.state.settings)
        publish(self.database)

    def _at_the_zuil(self, act, *more):
        with self.acting() as session:
            return act(session, session.get_one(Kiosk, self.kiosk), *more)

    # --- what can be seen --------------------------------------------------------------------

    @property
    def is_blocked(self):
        with self.database.reading() as session:
            return session.get_one(Kiosk, self.kiosk).state != KioskState.ACTIVE

    def newest(self):
        """Return the cursor and the configuration version that the zuil should have, and the checksums."""
        publish(self.database)
        with self.database.reading() as session:
            kiosk = session.get_one(Kiosk, self.kiosk)
            config = compose(
                session, kiosk, "https://zuil.example", datetime.fromtimestamp(self.moment.true, UTC)
            )
            sums = checksums(session, [system.id for system in config.systems])
            return str(head(session)), config.version, sums

    def rows(self, after=0):
        """Return the check-ins that came after a place, in the order in which they came."""
        with self.database.reading() as session:
            found = session.execute(
                text(
                    "SELECT rowid, id, seq, passholder_ref, event_id, at, wall, shown, outcome, verdict,"
                    " points, uitpas_number, received FROM checkin WHERE rowid > :after ORDER BY rowid"
                ),
                {"after": after},
            )
            return [Row(*row) for row in found]

    def balances(self):
        """Return passholder -> (balance, sum of the ledger), which are the same."""
        with self.database.reading() as session:
            found = session.execute(
                select(Passholder.ref, Passholder.points, func.coalesce(func.sum(LEDGER.c.points), 0))
                .outerjoin(LEDGER, LEDGER.c.passholder_ref == Passholder.ref)
                .group_by(Passholder.ref)
            )
            return {ref: (points, total) for ref, points, total in found}

    def gaps(self):
        with self.database.reading() as session:
            return [
                tuple(row) for row in session.execute(text("SELECT kind, state, first, last FROM kiosk_gap"))
            ]

    def refused(self):
        with self.database.reading() as session:
            return [tuple(row) for row in session.execute(text("SELECT seq, reason FROM refused_tap"))]
