"""Who calls the JSON API, and how each is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from fakes.scene import ORGANIZER, SYSTEM
from server.api.clients import new_secret, revoke_client
from server.api.models import ApiClient

from .conftest import TOKEN

PROBS = "https://api.publiq.be/probs/"


def refusal(answer):
    return answer.status_code, answer.json()["type"].removeprefix(PROBS)


def ask(api, path=TOKEN, **options):
    return api.http.post(f"/api{path}", **options)


class TestToken:
    def test_a_client_gets_a_token_for_a_day_and_uses_it(self, any_api):
        client_id, secret = any_api.client("KIOSKS_READ")
        answer = ask(
            any_api,
            data={"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret},
        )
        assert answer.headers["cache-control"] == "no-store"
        given = answer.json()
        assert (given["token_type"], given["expires_in"]) == ("Bearer", 86_400)
        assert any_api.get("/permissions", token=given["access_token"]).json()[0]["permissions"] == [
            "KIOSKS_READ"
        ]

    @pytest.mark.parametrize("path", [TOKEN, "/oauth/token"])
    def test_json_and_the_older_address_do_as_well(self, api, path):
        client_id, secret = api.client()
        fields = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        assert ask(api, path, json={**fields, "audience": "https://api.publiq.be"}).status_code == 200

    def test_so_does_basic_authentication(self, api):
        client = api.client()
        assert ask(api, data={"grant_type": "client_credentials"}, auth=client).status_code == 200

    @pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'{"client_id": 3}'])
    def test_an_odd_body_is_refused_in_the_words_of_oauth(self, api, body):
        answer = ask(api, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")

    def test_a_wrong_secret_is_no_secret(self, api):
        client_id, _ = api.client()
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "guess"}
        answer = ask(api, data=form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_who_asks_too_often_waits(self, api):
        statuses = [ask(api, data={}).status_code for _ in range(61)]
        assert (statuses[0], statuses[-1]) == (400, 429)

    def test_the_secret_before_works_a_day_longer(self, api):
        client_id, old = api.client()
        with api.database.writing() as session:
            client = session.get_one(ApiClient, client_id)
            fresh = new_secret(session, client, datetime.now(UTC))
        assert api.token_for(client_id, old)
        with api.database.writing() as session:
            session.get_one(ApiClient, client_id).former_until = datetime.now(UTC) - timedelta(seconds=1)
        assert ask(api, data={"grant_type": "client_credentials"}, auth=(client_id, old)).status_code == 401
        assert api.token_for(client_id, fresh)

    def test_discovery_says_where_the_key_is(self, api):
        facts = api.http.get("/api/realms/uitid/.well-known/openid-configuration").json()
        assert facts["token_endpoint"] == f"https://uitpas.example/api{TOKEN}"
        (key,) = api.http.get(facts["jwks_uri"]).json()["keys"]
        assert key["kty"] == "OKP"
        assert "d" not in key


class TestRefusals:
    def test_nobody_is_let_in_without_saying_who_he_is(self, api):
        answer = api.get("/permissions")
        assert refusal(answer) == (401, "auth/unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("token", ["nonsense", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é"])
    def test_what_is_no_token_is_refused(self, api, token):
        answer = api.http.get("/api/permissions", headers={"authorization": f"Bearer {token}".encode()})
        assert refusal(answer) == (401, "auth/unauthorized")

    def test_a_token_ends_after_a_day(self, api):
        client_id, _ = api.client()
        yesterday = datetime.now(UTC) - timedelta(days=1, minutes=5)
        old = api.http.app.state.tokens.make("https://issuer.example", yesterday, client_id)
        assert refusal(api.get("/permissions", token=old)) == (401, "auth/unauthorized")

    def test_a_revoked_client_is_refused_with_the_token_it_has(self, api):
        client_id, secret = api.client("KIOSKS_READ")
        token = api.token_for(client_id, secret)
        with api.database.writing() as session:
            revoke_client(session, session.get_one(ApiClient, client_id), datetime.now(UTC))
        assert refusal(api.get("/permissions", token=token)) == (401, "auth/unauthorized")
        assert (
            ask(api, data={"grant_type": "client_credentials"}, auth=(client_id, secret)).status_code == 401
        )

    def test_a_client_id_alone_opens_what_is_open_to_it_and_nothing_else(self, api):
        client_id, _ = api.client("KIOSKS_READ")
        assert api.get("/card-systems", headers={"x-client-id": client_id}).status_code == 200
        assert api.get("/card-systems", params={"clientId": client_id}).status_code == 200
        assert refusal(api.get("/permissions", headers={"x-client-id": client_id})) == (403, "auth/forbidden")
        assert refusal(api.get("/card-systems", headers={"x-client-id": "made up"})) == (
            401,
            "auth/unauthorized",
        )


class TestUsers:
    def test_a_member_of_a_counter_may_what_its_groups_allow(self, any_api):
        any_api.member("karim")
        (own,) = any_api.get("/permissions", token=any_api.user_token(uitid="karim")).json()
        assert own["organizer"]["id"] == ORGANIZER
        assert {"CHECKINS_WRITE", "KIOSKS_WRITE", "TICKETSALES_REGISTER"} <= set(own["permissions"])
        assert "PASSHOLDERS_WRITE" not in own["permissions"]
        assert {tuple(one["cardSystemIds"]) for one in own["permissionDetails"]} == {(SYSTEM,)}

    def test_the_older_id_of_a_uitid_counts_as_well(self, api):
        api.member("old-id")
        token = api.user_token(uitid="new-id", **{"https://publiq.be/uitidv1id": "old-id"})
        assert len(api.get("/permissions", token=token).json()) == 1

    def test_anyone_else_has_only_what_his_program_lets_people_do_themselves(self, api):
        client_id, _ = api.client("PASSHOLDERS_SELF_READ", "PASSHOLDERS_SEARCH")
        token = api.user_token(uitid="pashouder", client=client_id)
        (own,) = api.get("/permissions", token=token).json()
        assert own["permissions"] == ["PASSHOLDERS_SELF_READ"]

    def test_an_operation_for_programs_refuses_people(self, api):
        client_id, _ = api.client("PERMISSIONS_READ")
        assert refusal(api.get(f"/permissions/{client_id}", token=api.user_token())) == (
            403,
            "auth/forbidden",
        )
