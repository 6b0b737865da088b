"""From `zuil-server migrate` to a zuil that follows, through the pages alone."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from oidc_provider_mock import User, run_server_in_thread
from starlette.testclient import TestClient

from fakes.command import environment_of, run_command
from fakes.station import Station
from server.app import create_app
from server.demo.documents import TEST_ORGANISER, documents
from server.events.importing import EventImport
from server.events.sources import Document
from server.kernel.database import Database
from server.kernel.vault import Vault

from .conftest import BROWSER, HOST, settings_for

SETTINGS = "/dashboard/instellingen"
PEOPLE = [
    User(sub=sub, claims={"name": name, "email": f"{sub}@example.org", "email_verified": True})
    for sub, name in (("ada", "Ada"), ("karima", "Karima"), ("bram", "Bram"))
]


@pytest.fixture(scope="module")
def issuer():
    with run_server_in_thread(user_claims=PEOPLE, require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'server.db'}"
    return request.getfixturevalue("postgresql_url")


@pytest.fixture
def settings(empty_url, tmp_path, issuer):
    return settings_for(
        empty_url,
        tmp_path,
        demo=False,
        oidc_issuer=issuer,
        oidc_client_id="zuil",
        oidc_client_secret="secret",
    )


def run(settings, *arguments):
    environment = environment_of(settings.database_url, settings.secret_key, settings.data_dir)
    done = run_command(environment, *arguments)
    assert done.returncode == 0, done.stderr


def log_in(client, person):
    client.cookies.clear()
    away = client.get("/login/uitid", params={"naar": SETTINGS})
    agreed = httpx.post(away.headers["location"], data={"sub": person})
    answer = client.get(agreed.headers["location"].removeprefix(HOST))
    assert answer.status_code == 303, answer.text


def made(client, path, **form):
    answer = client.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


def invite(client, place, name, role):
    form = {"name": name, "email": f"{name.lower()}@example.org", "role": role}
    made(client, f"{SETTINGS}/mensen/{place}", **form)


def next_step(client):
    page = client.get(SETTINGS).text
    return re.search(r'class="sheet\s+next">.*?<strong>([^<]+)', page, re.DOTALL).group(1).strip()


def import_events(settings):
    database = Database(settings.database_url, Vault(settings.secret_key))
    found = [Document(str(one["@id"]), one) for one in documents(datetime.now(UTC))]
    assert len(list(EventImport(database, "test", datetime.now(UTC)).run(found))) == len(found)
    database.dispose()


def test_an_organisation_begins_with_an_empty_database_and_ends_with_a_zuil(settings):
    run(settings, "migrate")
    run(settings, "staff", "add", "--name", "Ada", "--email", "Ada@example.org", "--role", "admin")
    with TestClient(create_app(settings), base_url=HOST, headers=BROWSER, follow_redirects=False) as client:
        log_in(client, "ada")
        assert next_step(client) == "Kaartsysteem"
        assert "Maak eerst een kaartsysteem" in client.get(f"{SETTINGS}/balies").text
        system = made(
            client,
            f"{SETTINGS}/kaartsystemen/nieuw",
            number="5",
            name="UiTPAS Gent",
            labels="uitpas-gent",
            permanent="yes",
        )
        assert next_step(client) == "Balies"
        # Events that come before the counter are here to choose its organiser from.
        import_events(settings)
        made(
            client, f"{SETTINGS}/mensen/kaartsysteem/5", name="Karima", email="karima@example.org", role="ksb"
        )
        assert client.get(system).status_code == 200

        log_in(client, "karima")
        form = client.get(f"{SETTINGS}/balies/nieuw").text
        organizer = re.search(rf'<option value="([^"]+{TEST_ORGANISER.id})"', form).group(1)
        counter = made(client, f"{SETTINGS}/balies/nieuw", name="De Zaal", organizer=organizer, system="5")
        counter_id = counter.rpartition("/")[2]
        assert next_step(client) == "Medewerkers"
        made(
            client,
            f"{SETTINGS}/mensen/balie/{counter_id}",
            name="Bram",
            email="bram@example.org",
            role="balie",
        )
        assert next_step(client) == "Zuilen"
        kiosk = made(client, "/dashboard/zuilen/nieuw", name="Inkom", counter=counter_id)
        assert next_step(client) == "Aangemelde toestellen"
        code = re.search(r'id="code">([A-Z0-9-]+)<', client.post(f"{kiosk}/code").text).group(1)

        station = Station(client, code)
        station.follow()
        assert [system.name for system in station.config.systems] == ["UiTPAS Gent"]
        assert "Muziekinstuif voor iedereen" in {event.titles["nl"] for event in station.config.events}

        log_in(client, "bram")
        terms = client.get("/balie").headers["location"]
        assert client.post(terms, data={"naar": "/balie"}).headers["location"] == "/balie"
        assert "Inkom" in client.get("/balie").text


def test_events_that_came_before_their_card_system_are_offered_once_it_is_there(settings):
    run(settings, "migrate")
    run(settings, "staff", "add", "--name", "Ada", "--uitid", "ada", "--role", "admin")
    import_events(settings)
    with TestClient(create_app(settings), base_url=HOST, headers=BROWSER, follow_redirects=False) as client:
        log_in(client, "ada")
        made(client, f"{SETTINGS}/kaartsystemen/nieuw", number="5", name="Gent", labels="uitpas-gent")
        counter = made(
            client, f"{SETTINGS}/balies/nieuw", name="Zaal", organizer=TEST_ORGANISER.id, system="5"
        )
        kiosk = made(client, "/dashboard/zuilen/nieuw", name="Inkom", counter=counter.rpartition("/")[2])
        code = re.search(r'id="code">([A-Z0-9-]+)<', client.post(f"{kiosk}/code").text).group(1)
        station = Station(client, code)
        station.follow()
        assert station.config.events
