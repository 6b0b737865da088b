"""In a demo, a program has people log in without UiTiD: the authorization code grant with PKCE."""

import hashlib
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from fakes.scene import add_holders
from server.passholders.models import Passholder

from .conftest import TOKEN, serve

AUTH = "/api/realms/uitid/protocol/openid-connect/auth"
VERIFIER = "v" * 50
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
APP = "https://app.example/back?from=uitid"


@pytest.fixture
def demo(sqlite_url, tmp_path):
    with serve(sqlite_url, tmp_path, demo=True) as api:
        yield api


def code_for(demo, client, challenge=CHALLENGE, **who):
    """Log in as an app sends people to; return the code it gets back."""
    asked = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": APP,
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    form = demo.http.get(AUTH, params=asked).text
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    page = demo.http.post("/demo/uitid", data=hidden | who, headers={"origin": "https://uitpas.example"}).text
    back = re.search(r'href="(https://app\.example[^"]+)"', page)[1].replace("&amp;", "&")
    answer = parse_qs(urlsplit(back).query)
    assert (answer["from"], answer["state"]) == (["uitid"], ["s"])
    return answer["code"][0]


def exchange(demo, client, given, /, **change):
    form = {
        "grant_type": "authorization_code",
        "client_id": client,
        "code": given,
        "redirect_uri": APP,
        "code_verifier": VERIFIER,
    }
    return demo.http.post(f"/api{TOKEN}", data=form | change)


def test_who_logs_in_calls_the_api_as_himself(demo):
    client, _ = demo.client("PASSHOLDERS_SELF_READ")
    with demo.database.writing() as session:
        (holder,) = add_holders(session, 1)
    tokens = exchange(demo, client, code_for(demo, client, email="eve@example.be")).json()
    nobody = demo.get("/passholders/me", token=tokens["access_token"])
    assert nobody.status_code == 404
    page = demo.http.post(
        "/mijn-uitpas",
        data={"number": holder.uitpas_number, "born": "2/1/1990"},
        headers={"origin": "https://uitpas.example"},
    )
    path = urlsplit(str(page.url)).path
    demo.http.post(
        "/mijn-uitpas/demo",
        data={"back_to": path, "email": "eve@example.be"},
        headers={"origin": "https://uitpas.example"},
    )
    assert demo.get("/passholders/me", token=tokens["access_token"]).json()["id"] == str(holder.ref)
    assert demo.get("/passholders/me", token=tokens["id_token"]).status_code == 401


def test_an_identity_card_is_in_the_token_and_staff_is_staff(demo):
    client, _ = demo.client("PASSHOLDERS_SELF_READ")
    demo.member("demo-karim")
    staff = exchange(demo, client, code_for(demo, client, staff="demo-karim")).json()["access_token"]
    assert demo.get("/permissions", token=staff).json()
    checked = demo.http.app.state.tokens
    answer = exchange(demo, client, code_for(demo, client, email="x@y.be", insz="83030201540")).json()
    assert checked.check(answer["access_token"], datetime.now(UTC)).insz == "83030201540"


def test_a_code_is_for_one_program_that_proves_it_asked(demo):
    client, secret = demo.client()
    other, _ = demo.client()
    code = code_for(demo, client, email="eve@example.be")
    for change in (
        {"client_id": other},
        {"code_verifier": "w" * 50},
        {"redirect_uri": "https://evil.example"},
        {"code": code[:-8] + "AAAAAAAA"},
    ):
        answer = exchange(demo, client, code, **change)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    plain = code_for(demo, client, challenge="", email="eve@example.be")
    assert exchange(demo, client, plain).status_code == 401
    assert exchange(demo, client, plain, client_secret=secret).status_code == 200
    script = {"client_id": client, "redirect_uri": "javascript:x"}
    assert demo.http.get("/demo/uitid", params=script).status_code == 404
    with demo.database.reading() as session:
        assert session.get(Passholder, 1) is None


def test_outside_a_demo_there_is_no_such_thing(api):
    client, _ = api.client()
    assert api.http.get(AUTH, params={"client_id": client}).status_code == 404
    assert api.http.get("/demo/uitid").status_code == 404
    assert exchange(api, client, "x").json()["error"] == "unsupported_grant_type"
    known = api.http.get("/api/realms/uitid/.well-known/openid-configuration").json()
    assert "authorization_endpoint" not in known
