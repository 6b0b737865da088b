"""A pashouder and his UiTiD in the JSON API; every answer is judged by the public document (`conftest`)."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.scene import ORGANIZER, SYSTEM, add_holders
from server.cards.models import Card
from server.kernel.audit import AuditEntry
from server.passholders.models import Passholder, PassholderDetails, RegistrationRules
from server.uitid.linking import unlink_uitid
from server.uitid.models import UitidLink
from server.uitid.tokens import Proven, make_token

from .test_callers import refusal

BORN = "1990-01-02"
HERSELF = {
    "name": "Desmet",
    "firstName": "Eve",
    "dateOfBirth": "1983-03-02",
    "email": "eve@example.be",
    "postalCode": "9040",
    "city": "Sint-Amandsberg",
    "cardSystem": {"id": SYSTEM},
    "registrationOrganizer": {"id": ORGANIZER},
}
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database decides."""
TOKEN = "/passholders/me/uitid/registration-token"


@pytest.fixture
def holders(any_api):
    with any_api.database.writing() as session:
        return add_holders(session, 2)


@pytest.fixture
def client(any_api):
    return any_api.client("PASSHOLDERS_REGISTER_UITID", "PASSHOLDERS_SELF_READ")[0]


def ask_token(api, client, number, born=BORN):
    basic = b64encode(f"{number}:{born}".encode()).decode()
    return api.get(TOKEN, headers={"x-client-id": client, "authorization": f"Basic {basic}"})


def token_of(api, client, holder):
    return ask_token(api, client, holder.uitpas_number).json()["token"]


def status(api, client, token):
    return api.get(
        "/passholders/me/uitid/status", headers={"x-client-id": client, "x-registration-token": token}
    )


def link(api, client, token, uitid="eve", **claims):
    user = api.user_token(uitid=uitid, client=client, **claims)
    return api.call("PUT", "/passholders/me/uitid", token=user, headers={"x-registration-token": token})


def me(api, client, uitid="eve", **claims):
    return api.get("/passholders/me", token=api.user_token(uitid=uitid, client=client, **claims))


def test_four_steps_lead_from_a_number_and_a_birth_date_to_a_uitid(any_api, client, holders):
    eve = holders[0]
    with any_api.database.writing() as session:
        session.add(
            PassholderDetails(passholder_ref=eve.ref, email="eve@example.be", made_at=datetime.now(UTC))
        )
    token = token_of(any_api, client, eve)
    assert status(any_api, client, token).json() == {
        "uitpasNumber": eve.uitpas_number,
        "email": "eve@example.be",
        "state": "UNREGISTERED",
    }
    address = "/uitid/emails/eve%40uitid.be"
    known = {"headers": {"x-client-id": client}}
    assert any_api.get(address, **known).json() == {"state": "UITID_UNREGISTERED"}
    assert refusal(me(any_api, client)) == (404, "uitpas/passholder-not-found")
    assert link(any_api, client, token, email="Eve@UiTiD.be").status_code == 201
    found = me(any_api, client).json()
    assert (found["id"], found["uitidStatus"]) == (str(eve.ref), "REGISTERED")
    assert status(any_api, client, token).json()["email"] == "eve@uitid.be"
    assert any_api.get(address, **known).json() == {"state": "UITPAS_ALREADY_LINKED"}
    searching = any_api.token("PASSHOLDERS_SEARCH_BY_ID")
    by_id = any_api.get("/passholders", token=searching, params={"uitidId": "eve"}).json()
    assert [one["id"] for one in by_id["member"]] == [str(eve.ref)]


def test_one_uitid_has_one_pashouder_and_the_other_way_round(any_api, client, holders):
    first, second = (token_of(any_api, client, one) for one in holders)
    assert link(any_api, client, first).status_code == 201
    again = link(any_api, client, first, uitid="another")
    assert refusal(again) == (400, "uitpas/passholder-already-registered")
    assert again.json()["endUserMessage"]["nl"] == "Deze pas is al aan een UiTiD gekoppeld."
    assert refusal(link(any_api, client, second)) == (400, "uitpas/uitid-already-registered")
    older = link(any_api, client, second, uitid="new-name", **{"https://publiq.be/uitidv1id": "eve"})
    assert refusal(older) == (400, "uitpas/uitid-already-registered")


def test_who_is_unlinked_by_the_ksb_links_again_and_the_trail_says_so(any_api, client, holders):
    token = token_of(any_api, client, holders[0])
    link(any_api, client, token)
    with any_api.database.writing() as session:
        assert unlink_uitid(session, holders[0].ref, staff_id=1)
        assert not unlink_uitid(session, holders[0].ref, staff_id=1)
    assert link(any_api, client, token, uitid="the right one").status_code == 201
    with any_api.database.reading() as session:
        deeds = session.exec(select(AuditEntry.action).where(AuditEntry.action.contains("link-uitid"))).all()
        assert sorted(deeds) == ["link-uitid", "link-uitid", "unlink-uitid"]


@on_one_database
class TestAToken:
    @pytest.fixture
    def api(self, any_api):
        return any_api

    def test_is_for_who_knows_number_and_birth_date_of_a_card_that_works(self, api, client, holders):
        number = holders[0].uitpas_number
        for asked in ((number, "1990-01-03"), (number, "yesterday"), ("0900000000000", BORN), ("", "")):
            assert refusal(ask_token(api, client, *asked)) == (401, "auth/unauthorized")
        with api.database.writing() as session:
            session.get_one(Card, number).state = "BLOCKED"
        assert refusal(ask_token(api, client, number)) == (401, "auth/unauthorized")

    def test_is_not_found_by_trying(self, api, client, holders):
        number = holders[0].uitpas_number
        spaced = [number[:day] + " " + number[day:] for day in range(3, 13)]
        tried = [
            ask_token(api, client, typed, f"1990-01-{day:02}") for day, typed in enumerate(spaced, start=3)
        ]
        assert [one.status_code for one in tried] == [401] * 8 + [429] * 2
        assert refusal(tried[-1]) == (429, "uitpas/rate-limited")

    def test_needs_a_known_program(self, api, holders):
        answer = ask_token(api, "nobody", holders[0].uitpas_number)
        assert refusal(answer) == (401, "auth/unauthorized")

    def test_that_is_too_old_changed_or_missing_is_none(self, api, client, holders):
        with api.database.reading() as session:
            holder = session.get_one(Passholder, holders[0].ref)
            past = datetime.now(UTC) - timedelta(hours=2)
            old = make_token(session, Proven(holder, holders[0].uitpas_number), past)
        good = token_of(api, client, holders[0])
        for token in (old, good[:-6] + "AAAAAA", "x", "é", ""):
            headers = {"x-client-id": client, "x-registration-token": token.encode()}
            answer = api.get("/passholders/me/uitid/status", headers=headers)
            assert refusal(answer) == (401, "auth/unauthorized")
        assert refusal(link(api, client, "nothing")) == (401, "auth/unauthorized")


@on_one_database
def test_what_people_do_for_themselves_is_lent_by_their_program(any_api, holders):
    plain = any_api.client()[0]
    assert refusal(me(any_api, plain)) == (403, "auth/forbidden")
    token = token_of(any_api, plain, holders[0])
    assert refusal(link(any_api, plain, token)) == (403, "auth/forbidden")
    with any_api.database.reading() as session:
        assert session.exec(select(UitidLink)).all() == []


@on_one_database
class TestRegisteringHimself:
    """POST /passholders/me"""

    @pytest.fixture
    def client(self, any_api):
        with any_api.database.writing() as session:
            session.add(RegistrationRules(card_system_id=SYSTEM, municipalities=[], cardless="REGULAR"))
        return any_api.client("PASSHOLDERS_SELF_REGISTRATION", "PASSHOLDERS_SELF_READ")[0]

    def register(self, api, client, *, uitid="eve", insz="83030201540", **change):
        claims = {"https://publiq.be/rrn": insz} if insz else {}
        user = api.user_token(uitid=uitid, client=client, **claims)
        return api.call("POST", "/passholders/me", token=user, json=HERSELF | change)

    def test_makes_him_a_pashouder_with_a_digital_card_and_a_uitid(self, any_api, client):
        person = self.register(any_api, client).json()
        (member,) = person["cardSystemMemberships"]
        assert (person["uitidStatus"], person["city"]) == ("REGISTERED", "Gent")
        assert member["currentCard"]["cardType"] == "DIGITAL"
        assert me(any_api, client).json() == person
        assert me(any_api, client, "after-acm", **{"https://publiq.be/rrn": "83030201540"}).json() == person

    def test_happens_once(self, any_api, client):
        self.register(any_api, client)
        other = {"email": "two@example.be"}
        again = self.register(any_api, client, uitid="two", **other)
        assert refusal(again) == (400, "uitpas/insz-already-used")
        with any_api.database.reading() as session:
            assert len(session.exec(select(Passholder)).all()) == 1

    def test_needs_what_it_needs(self, any_api, client):
        for change, problem in (
            ({"insz": ""}, (400, "uitpas/insz-in-token-required")),
            ({"insz": "83030201541"}, (400, "uitpas/invalid-insz-number")),
            ({"city": "Oostende"}, (400, "uitpas/invalid-city")),
            ({"cardSystem": {"id": 99}}, (400, "uitpas/cardsystem-not-found")),
            ({"registrationOrganizer": {"id": "x"}}, (400, "uitpas/organizer-not-found")),
            ({"dateOfBirth": "2015-02-17", "insz": "15021760024"}, (400, "uitpas/forbidden-underaged")),
            ({"dateOfBirth": "1983-03-03"}, (400, "body/invalid-data")),
            ({"name": ""}, (400, "body/invalid-data")),
        ):
            assert refusal(self.register(any_api, client, **change)) == problem, change
        with any_api.database.reading() as session:
            assert session.exec(select(Passholder)).all() == []

    def test_needs_an_address_of_his_own(self, any_api, client):
        self.register(any_api, client)
        another = self.register(any_api, client, uitid="two", insz="80010101392", dateOfBirth="1980-01-01")
        assert refusal(another) == (400, "uitpas/email-already-used")

    def test_is_not_for_who_has_a_uitid_with_a_pashouder(self, any_api, client):
        self.register(any_api, client)
        other = {"insz": "80010101392", "dateOfBirth": "1980-01-01", "email": "x@example.be"}
        assert refusal(self.register(any_api, client, **other)) == (400, "uitpas/uitid-already-registered")

    def test_needs_a_card_system_that_gives_digital_cards_and_a_program_that_may(self, any_api, client):
        with any_api.database.writing() as session:
            session.get_one(RegistrationRules, SYSTEM).cardless = "SOCIALTARIFF"
        assert refusal(self.register(any_api, client)) == (403, "auth/forbidden")
        plain = any_api.client("PASSHOLDERS_SELF_READ")[0]
        assert refusal(self.register(any_api, plain)) == (403, "auth/forbidden")
