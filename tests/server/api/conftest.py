"""A client of the JSON API whose every answer is held against the public OpenAPI document."""

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from fakes.openapi import document
from fakes.scene import ORGANIZER, add_region
from server.api.clients import create_client, new_secret
from server.api.grants import Grant, put_grants
from server.api.permissions import ApiPermission
from server.app import create_app
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.settings import Settings
from server.staff.models import Staff, StaffRole

SECRET_KEY = bytes(range(32))
TOKEN = "/realms/uitid/protocol/openid-connect/token"


@dataclass
class Api:
    """The server as a partner's program sees it."""

    http: TestClient
    database: Database
    counter: int

    def call(self, method, path, *, token=None, **options):
        """Call an operation; the document judges the answer."""
        headers = {**({"authorization": f"Bearer {token}"} if token else {}), **options.pop("headers", {})}
        answer = self.http.request(method, f"/api{path}", headers=headers, **options)
        document().check(method, path, answer)
        return answer

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def client(self, *permissions, organizer=ORGANIZER, system=None):
        """Return id and secret of a new client with permissions."""
        with self.database.writing() as session:
            client = create_client(session, "Programma", datetime.now(UTC))
            secret = new_secret(session, client, datetime.now(UTC))
            put_grants(session, client, [Grant(organizer, ApiPermission(one), system) for one in permissions])
            return client.id, secret

    def token_for(self, client_id, secret):
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        return self.http.post(f"/api{TOKEN}", data=form).json()["access_token"]

    def token(self, *permissions, **options):
        """Return a client access token with permissions."""
        return self.token_for(*self.client(*permissions, **options))

    def user_token(self, *, uitid="someone", client=None, **claims):
        """Return a user access token, as an app of ours got it."""
        client = client or self.client()[0]
        return self.http.app.state.tokens.make(
            "https://issuer.example", datetime.now(UTC), client, sub=uitid, **claims
        )

    def member(self, uitid="karim", counter=None):
        """Add a member of a counter; return its id."""
        with self.database.writing() as session:
            staff = Staff(uitid=uitid, name="Karim")
            session.add(staff)
            session.flush()
            session.add(StaffRole(staff_id=staff.id, role="balie", counter_id=counter or self.counter))
            return staff.id


@pytest.fixture
def api(sqlite_url, tmp_path):
    """The JSON API on SQLite."""
    with serve(sqlite_url, tmp_path) as found:
        yield found


@pytest.fixture
def any_api(database_url, tmp_path):
    """The JSON API on SQLite and on PostgreSQL."""
    with serve(database_url, tmp_path) as found:
        yield found


@contextmanager
def serve(url, folder, **changed):
    """Serve the JSON API on a database with a small region."""
    database = Database(url, Vault(SECRET_KEY))
    with database.writing() as session:
        counter = add_region(session)
    app = create_app(Settings(url, SECRET_KEY, folder, **changed))
    with TestClient(app, base_url="https://uitpas.example") as http:
        yield Api(http, database, counter)
    database.dispose()
