"""Tokens of the issuer of UiTiD: checked against its keys, and only for clients that are known here."""

from datetime import UTC, datetime

import pytest

from fakes.issuer import FakeIssuer
from server.api.callers import Accepts
from server.api.clients import create_client
from server.api.tokens import KEYS_ASKED_AGAIN
from server.kiosks.devices import speaking_device
from server.operations import ROUTERS

from .conftest import serve
from .test_callers import refusal


@pytest.fixture(scope="module")
def issuer():
    with FakeIssuer() as running:
        yield running


@pytest.fixture
def issued(sqlite_url, tmp_path, issuer):
    """The API of a server that people log in to with this issuer; `known` is a client of the issuer."""
    with serve(sqlite_url, tmp_path, oidc_issuer=issuer.url, oidc_client_id="zuil") as api:
        with api.database.writing() as session:
            create_client(session, "App", datetime.now(UTC), client_id="known")
        yield api


def test_a_person_is_who_the_issuer_says(issued, issuer):
    issued.member("karim")
    token = issuer.token(sub="karim", azp="known")
    assert len(issued.get("/permissions", token=token).json()) == 1


@pytest.mark.parametrize(
    "claims", [{"gty": "client-credentials"}, {"preferred_username": "service-account-known", "sub": "x"}]
)
def test_a_program_that_speaks_for_itself_is_a_client(issued, issuer, claims):
    token = issuer.token(azp="known", **claims)
    assert refusal(issued.get("/permissions/known", token=token)) == (403, "auth/forbidden")
    assert "PERMISSIONS_READ" in issued.get("/permissions/known", token=token).json()["detail"]


@pytest.mark.parametrize(
    "claims",
    [
        {"azp": "of-somebody-else"},
        {"iss": "https://elsewhere.example"},
        {"typ": "ID"},
        {"exp": 1},
        {"azp": None},
        {"sub": ""},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_any_other_token_of_the_issuer_is_refused(issued, issuer, claims):
    token = issuer.token(**{"sub": "karim", "azp": "known", **claims})
    assert refusal(issued.get("/permissions", token=token)) == (401, "auth/unauthorized")


def test_keys_are_asked_once_and_again_when_there_is_another(issued, issuer):
    before = issuer.asked
    for _ in range(3):
        assert issued.get("/permissions", token=issuer.token(sub="a", azp="known")).status_code == 200
    assert issuer.asked == before + 1
    issuer.rotate()
    token = issuer.token(sub="a", azp="known")
    assert issued.get("/permissions", token=token).status_code == 401, "not asked again within a minute"
    issued.http.app.state.tokens._asked -= KEYS_ASKED_AGAIN
    assert issued.get("/permissions", token=token).status_code == 200


def test_without_an_answer_of_the_issuer_nobody_is_judged(sqlite_url, tmp_path):
    with FakeIssuer() as gone:
        token = gone.token(sub="karim", azp="known")
    with serve(sqlite_url, tmp_path, oidc_issuer=gone.url, oidc_client_id="zuil") as api:
        answer = api.get("/permissions", token=token)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")


def test_every_operation_says_how_its_caller_makes_himself_known():
    open_ = {"/oauth/token", "/kiosk-devices/setup"}
    for router in ROUTERS:
        for route in router.routes:
            found = [one.call for one in flat(route.dependant)]
            is_open = route.path in open_ or route.path.startswith("/realms/")
            assert is_open or any(isinstance(call, Accepts) or call is speaking_device for call in found), (
                route.path
            )


def flat(dependant):
    yield dependant
    for child in dependant.dependencies:
        yield from flat(child)
