"""The whole application on a real database with the demo's data, and someone at the browser."""

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select
from starlette.testclient import TestClient

from fakes.control import FakeControl
from fakes.databases import copied
from server.app import create_app
from server.demo.seed import seed
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk, KioskLive
from server.migrations.run import migrate
from server.monitor.models import KioskWatch
from server.settings import Settings
from server.staff.models import Staff

HOST = "http://testserver"
BROWSER = {"accept": "text/html", "accept-language": "nl", "origin": HOST}


@dataclass
class Site:
    """The server as a browser sees it, and its database as we do."""

    client: TestClient
    database: Database
    settings: Settings
    codes: dict[str, str] = field(default_factory=dict)

    def log_in(self, name: str, place: str = "") -> None:
        """Be one of the demo people; `place` for who works at several counters."""
        self.client.cookies.clear()
        with self.database.reading() as session:
            staff_id = session.exec(select(Staff.id).where(Staff.name == name)).one()
        answer = self.client.post("/login/demo", data={"staff_id": staff_id})
        assert answer.status_code == 303
        if place:
            assert answer.headers["location"].startswith("/login/balie")
            page = self.client.get("/login/balie").text
            value = page.split(f'<span class="choice-name">{place}')[0].rsplit('value="', 1)[1].split('"')[0]
            self.client.post("/login/balie", data={"post_id": value})

    def kiosk(self, name: str) -> Kiosk:
        """Return a zuil as it is in the database now."""
        with self.database.reading() as session:
            return session.exec(select(Kiosk).where(Kiosk.name == name)).one()

    def report(self, number: int, *, event: str | None = None, **changed) -> None:
        """Have a zuil send a heartbeat, as far as the pages see of it."""
        fields = {
            "heartbeat": {"selection": "nearest", "reader": "ok", "display": "ok"},
            "version": "0.1.0",
            "last_contact": datetime.now(UTC),
        }
        with self.database.writing() as session:
            session.get_one(Kiosk, number).state = "active"
            live = KioskLive(kiosk=number, event_id=event, **(fields | changed))
            session.merge(live)

    def watch(self, kiosk: int, state: str = "ok", causes: str = "", excuse: str = "", **fields) -> None:
        """Put a zuil that reports in a state that holds for the length of a test."""
        now = int(time.time() * 1000)
        self.report(kiosk)
        row = {"heard": now, "since": now - 3_600_000, "due": now + 3_600_000} | fields
        with self.database.writing() as session:
            session.merge(KioskWatch(kiosk=kiosk, state=state, causes=causes, excuse=excuse, **row))


@pytest.fixture(autouse=True)
def nothing_by_itself(monkeypatch):
    """Leave out what the clock alone starts: a page shows what its test did, however slow the machine."""
    for work in ("jobs_running", "watching"):
        monkeypatch.setattr(f"server.app.{work}", lambda *_: nullcontext())


def settings_for(url: str, folder: Path, **changed) -> Settings:
    """Return the settings of a test server."""
    return Settings(
        database_url=url, secret_key=bytes(range(32)), data_dir=folder, **({"demo": True} | changed)
    )


@contextmanager
def open_site(settings: Settings, *, seeded: bool = True):
    """Run the application in this process on a migrated database."""
    database = Database(settings.database_url, Vault(settings.secret_key))
    migrate(database)
    codes = seed(database, datetime.now(UTC)) if seeded else {}
    app = create_app(settings)
    with TestClient(app, base_url=HOST, headers=BROWSER, follow_redirects=False) as client:
        yield Site(client, database, settings, codes)
    database.dispose()


@pytest.fixture(scope="session")
def seeded_file(tmp_path_factory):
    """Return a SQLite file with the demo's data, made once and copied for each test."""
    folder = tmp_path_factory.mktemp("seeded")
    database = Database(f"sqlite:///{folder / 'server.db'}", Vault(bytes(range(32))))
    migrate(database)
    codes = seed(database, datetime.now(UTC))
    database.dispose()
    return folder / "server.db", codes


@pytest.fixture(scope="session")
def seeded_postgresql(postgresql_template):
    """Return the codes of the demo's data in the database `seeded`, made once and copied for each test."""
    with postgresql_template.connect() as connection:
        connection.execute(text("CREATE DATABASE seeded TEMPLATE migrated"))
    url = postgresql_template.url.set(database="seeded").render_as_string(hide_password=False)
    database = Database(url, Vault(bytes(range(32))))
    codes = seed(database, datetime.now(UTC))
    database.dispose()
    return codes


@contextmanager
def filled_site(url, folder, codes):
    """Run the application on a database with the demo's data."""
    settings = settings_for(url, folder)
    database = Database(settings.database_url, Vault(settings.secret_key))
    with TestClient(create_app(settings), base_url=HOST, headers=BROWSER, follow_redirects=False) as client:
        yield Site(client, database, settings, dict(codes))
    database.dispose()


@pytest.fixture
def site(seeded_file, tmp_path):
    source, codes = seeded_file
    for suffix in ("", "-wal"):
        file = Path(f"{source}{suffix}")
        if file.exists():
            (tmp_path / f"server.db{suffix}").write_bytes(file.read_bytes())
    with filled_site(f"sqlite:///{tmp_path / 'server.db'}", tmp_path, codes) as site:
        yield site


@pytest.fixture
def postgresql_site(postgresql_template, seeded_postgresql, tmp_path):
    with (
        copied(postgresql_template, "seeded") as url,
        filled_site(url, tmp_path, seeded_postgresql) as site,
    ):
        yield site


@pytest.fixture(
    params=[
        pytest.param("site", id="sqlite"),
        pytest.param("postgresql_site", id="postgresql", marks=pytest.mark.slow),
    ]
)
def any_site(request):
    """The site on SQLite and on PostgreSQL; what pages do there, the tests of their services do on both."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def controls():
    """Two stand-ins for the control ports of virtual zuilen."""
    with FakeControl() as first, FakeControl() as second:
        yield first, second


@pytest.fixture
def demo_site(tmp_path, controls):
    zuilen = (("Zuil inkomhal", controls[0].url), ("Zuil zijdeur", controls[1].url))
    settings = settings_for(f"sqlite:///{tmp_path / 'server.db'}", tmp_path, demo_zuilen=zuilen)
    with open_site(settings) as site:
        yield site
