"""The KSB's page of partners' programs: make one, show its secret once, grant, revoke."""

import re

import pytest
from sqlmodel import select

from server.api.grants import Grant, client_grants, grants_of
from server.api.models import ApiClient
from server.api.permissions import ApiPermission
from server.demo.documents import TEST_ORGANISER
from server.demo.seed import GENT, PASPARTOE

HERE = "/dashboard/instellingen/partners"


@pytest.fixture
def ksb(site):
    site.log_in("Karima El Idrissi")
    return site


def add(site, name="Ticketshop", **fields):
    answer = site.client.post(f"{HERE}/nieuw", data={"name": name, **fields})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[2].partition("?")[0]


def secret_on(page):
    return re.search(r"data-secret>([^<]+)<", page).group(1)


def grants(site, client_id):
    with site.database.reading() as session:
        return set(grants_of(session, client_id))


def token_status(site, client_id, secret):
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    return site.client.post("/api/realms/uitid/protocol/openid-connect/token", data=form).status_code


def test_a_program_gets_a_secret_that_is_shown_once_and_works(ksb):
    client_id = add(ksb)
    secret = secret_on(ksb.client.post(f"{HERE}/{client_id}/geheim").text)
    assert token_status(ksb, client_id, secret) == 200
    again = ksb.client.get(f"{HERE}/{client_id}").text
    assert secret not in again
    assert "laatste token vandaag" in again


def test_what_a_ksb_ticks_holds_in_the_own_card_system_only(ksb):
    client_id = add(ksb)
    form = {"organizer": TEST_ORGANISER.id, "right": ["TARIFFS_READ", "KIOSKS_READ", "PERMISSIONS_WRITE"]}
    assert ksb.client.post(f"{HERE}/{client_id}/rechten", data=form).status_code == 303
    assert grants(ksb, client_id) == {
        Grant(TEST_ORGANISER.id, ApiPermission.TARIFFS_READ, GENT),
        Grant(TEST_ORGANISER.id, ApiPermission.KIOSKS_READ, GENT),
    }
    page = ksb.client.get(f"{HERE}/{client_id}/rechten", params={"organisator": TEST_ORGANISER.id}).text
    assert len(re.findall("checked", page)) == 2
    assert "PERMISSIONS_WRITE" not in page


def test_an_administrator_grants_in_all_card_systems_and_what_reaches_everyone(site):
    site.log_in("Ada Janssens")
    client_id = add(site)
    form = {"organizer": TEST_ORGANISER.id, "right": ["TARIFFS_READ", "PERMISSIONS_WRITE"]}
    site.client.post(f"{HERE}/{client_id}/rechten", data=form)
    site.client.post(
        f"{HERE}/{client_id}/rechten", data={**form, "system": PASPARTOE, "right": ["CARDS_READ"]}
    )
    with site.database.reading() as session:
        found = client_grants(session, client_id)
    assert found[TEST_ORGANISER.id, ApiPermission.TARIFFS_READ] == {GENT, PASPARTOE}
    assert found[TEST_ORGANISER.id, ApiPermission.CARDS_READ] == {PASPARTOE}
    assert (TEST_ORGANISER.id, ApiPermission.PERMISSIONS_WRITE) in found


def test_a_revoked_program_stays_revoked(ksb):
    client_id = add(ksb)
    secret = secret_on(ksb.client.post(f"{HERE}/{client_id}/geheim").text)
    ksb.client.post(f"{HERE}/{client_id}/intrekken")
    assert token_status(ksb, client_id, secret) == 200, "the box was not ticked"
    ksb.client.post(f"{HERE}/{client_id}/intrekken", data={"sure": "yes"})
    assert token_status(ksb, client_id, secret) == 401
    assert ksb.client.post(f"{HERE}/{client_id}/geheim").status_code == 409
    assert "Ingetrokken vandaag" in ksb.client.get(f"{HERE}/{client_id}").text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Geef het programma een naam"),
        ({"name": "X", "client_id": "kort"}, "8 tot 64 letters"),
        ({"name": "X", "client_id": "app-of-publiq"}, "al een programma met dit client-id"),
    ],
)
def test_what_is_wrong_is_said_at_the_field(ksb, fields, said):
    add(ksb, client_id="app-of-publiq")
    answer = ksb.client.post(f"{HERE}/nieuw", data=fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_ksb_sees_no_program_of_others_and_grants_for_no_other_organiser(ksb):
    client_id = add(ksb)
    elsewhere = {"organizer": "fd7e6177-4add-4fa8-a7fe-6e60127bfb35", "right": ["TARIFFS_READ"]}
    assert ksb.client.post(f"{HERE}/{client_id}/rechten", data=elsewhere).status_code == 404
    ksb.log_in("Ada Janssens")
    other = add(ksb, "Van het beheer")
    ksb.log_in("Karima El Idrissi")
    assert "Van het beheer" not in ksb.client.get(HERE).text
    scope = {"organizer": TEST_ORGANISER.id, "system": "9" * 5_000}
    assert ksb.client.post(f"{HERE}/{client_id}/rechten", data=scope).status_code == 303, "always the own one"
    for path, method in (("", "GET"), ("/geheim", "POST"), ("/intrekken", "POST"), ("/rechten", "GET")):
        assert ksb.client.request(method, f"{HERE}/{other}{path}").status_code == 404


def test_the_logbook_tells_what_was_granted(ksb):
    client_id = add(ksb)
    ksb.client.post(
        f"{HERE}/{client_id}/rechten", data={"organizer": TEST_ORGANISER.id, "right": ["CARDS_READ"]}
    )
    page = ksb.client.get("/dashboard/logboek", params={"kind": "api_client"}).text
    assert "koos de rechten" in page
    assert "CARDS_READ" in page
    with ksb.database.reading() as session:
        assert session.exec(select(ApiClient.card_system_id)).one() == GENT
