"""Families in the JSON API; every answer is judged by the public document (`conftest`)."""

import re
from base64 import b64encode
from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from fakes.scene import add_holders
from server.cards.models import Card
from server.cardsystems.setup import create_card_system
from server.families.keeping import MOST_ADULTS, MOST_MEMBERS
from server.families.models import FamilyMember
from server.kernel.audit import AuditEntry
from server.kernel.outbox import OutgoingMail
from server.passholders.models import Passholder, PassholderDetails
from server.uitid.linking import Uitid, link_uitid
from shared.domain.numbers import make_uitpas_number

from .test_callers import refusal

CHILD = date(2015, 6, 1)
NOBODYS = make_uitpas_number("09000", 999, social_tariff=False)
on_one_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what no database decides."""


@pytest.fixture
def family(any_api):
    """An, whose family it is, and many others; the first two are adults, the others children."""
    with any_api.database.writing() as session:
        holders = add_holders(session, MOST_MEMBERS + 1)
        for one in holders[2:]:
            session.get_one(Passholder, one.ref).birth_date = CHILD
        return holders


@pytest.fixture
def token(any_api):
    return any_api.token("PASSHOLDERS_FAMILY_MEMBERS")


def at(main, member=None):
    return f"/passholders/{main.ref}/family-members" + (f"/{member.ref}" if member else "")


def add(api, token, main, member, headers=None, **more):
    body = {"uitpasNumber": member.uitpas_number, **more}
    return api.call("POST", at(main), token=token, json=body, headers=headers or {})


def names(api, token, main):
    found = api.get(at(main), token=token).json()
    return [one["passholder"]["name"].split()[1] for one in found]


def test_a_family_begins_with_whose_it_is_and_works_one_way_only(any_api, token, family):
    an, bo, cas, *_ = family
    for one in (bo, cas):
        assert add(any_api, token, an, one, icon="https://app.example/cat.png").status_code == 201
    first, second, third = any_api.get(at(an), token=token).json()
    assert [one["mainFamilyMember"] for one in (first, second, third)] == [True, False, False]
    assert (second["passholder"]["id"], second["uitpasNumber"]) == (str(bo.ref), bo.uitpas_number)
    assert third["icon"] == "https://app.example/cat.png"
    assert "email" not in second["passholder"]
    assert names(any_api, token, bo) == [str(bo.ref)]
    (of,) = any_api.get(f"/passholders/{bo.ref}/families", token=token).json()
    assert (of["passholderId"], of["firstName"]) == (str(an.ref), "An")
    assert any_api.get(f"/passholders/{an.ref}/families", token=token).json() == []


def test_an_icon_changes_and_a_member_goes_but_never_whose_family_it_is(any_api, token, family):
    an, bo, cas, *_ = family
    add(any_api, token, an, bo)
    assert any_api.call("PUT", at(an, bo), token=token, json={"icon": "https://x"}).status_code == 202
    assert any_api.get(at(an), token=token).json()[1]["icon"] == "https://x"
    for stranger in (an, cas):
        for method, body in (("PUT", {"icon": "y"}), ("DELETE", None)):
            answer = any_api.call(method, at(an, stranger), token=token, json=body)
            assert refusal(answer) == (404, "uitpas/passholder-not-found")
    assert any_api.call("DELETE", at(an, bo), token=token).status_code == 202
    assert names(any_api, token, an) == [str(an.ref)]
    with any_api.database.reading() as session:
        deeds = session.exec(select(AuditEntry).where(AuditEntry.action.contains("relative"))).all()
        assert [(one.action, one.detail["member"]) for one in deeds] == [
            ("add-relative", bo.ref),
            ("remove-relative", bo.ref),
        ]


@on_one_database
def test_what_cannot_be_is_told_in_words_for_people_too(any_api, token, family):
    an, bo, *others = family
    add(any_api, token, an, bo)
    assert refusal(add(any_api, token, an, bo)) == (400, "uitpas/family-member-already-added")
    assert refusal(add(any_api, token, an, an)) == (400, "uitpas/family-member-already-added")
    unknown = any_api.call("POST", at(an), token=token, json={"uitpasNumber": NOBODYS})
    assert refusal(unknown) == (400, "uitpas/passholder-not-found")
    wrong = any_api.call("POST", at(an), token=token, json={"uitpasNumber": "12"})
    assert refusal(wrong) == (400, "uitpas/invalid-uitpas-number")
    assert wrong.json()["endUserMessage"]["fr"].startswith("Un numéro")
    assert refusal(any_api.call("POST", at(an), token=token, json={})) == (400, "body/invalid-data")
    with any_api.database.writing() as session:
        session.get_one(Card, others[0].uitpas_number).state = "BLOCKED"
    assert refusal(add(any_api, token, an, others[0])) == (400, "uitpas/passholder-not-found")
    assert any_api.http.get("/api/passholders/0/family-members").status_code == 401


def test_a_family_has_a_limit_and_its_adults_one_of_their_own(any_api, token, family):
    an, *others = family
    with any_api.database.writing() as session:
        for one in others[:MOST_ADULTS]:
            session.get_one(Passholder, one.ref).birth_date = date(1990, 1, 1)
    answers = [add(any_api, token, an, one) for one in others[:MOST_ADULTS]]
    assert [one.status_code for one in answers] == [201] * (MOST_ADULTS - 1) + [400]
    assert refusal(answers[-1]) == (400, "uitpas/too-many-adults-in-family")
    rest = [add(any_api, token, an, one) for one in others[MOST_ADULTS:]]
    assert {one.status_code for one in rest} == {201}
    with any_api.database.writing() as session:
        (extra,) = add_holders(session, 1, first=500)
        session.get_one(Passholder, extra.ref).birth_date = CHILD
    assert len(names(any_api, token, an)) == MOST_MEMBERS
    assert refusal(add(any_api, token, an, extra)) == (400, "uitpas/too-many-family-members")


@on_one_database
def test_a_family_of_another_card_system_is_not_for_this_program(any_api, token, family):
    with any_api.database.writing() as session:
        create_card_system(session, 3, "Paspartoe", prefixes=["09300"])
        (stranger,) = add_holders(session, 1, first=600, system=3)
    assert refusal(any_api.get(at(stranger), token=token)) == (403, "auth/forbidden")
    plain = any_api.token()
    assert refusal(any_api.get(at(family[0]), token=plain)) == (403, "auth/forbidden")


@on_one_database
class TestForHimself:
    """With a user access token."""

    @pytest.fixture
    def client(self, any_api):
        return any_api.client("PASSHOLDERS_FAMILY_MEMBERS")[0]

    @pytest.fixture
    def mine(self, any_api, client, family):
        with any_api.database.writing() as session:
            link_uitid(session, session.get_one(Passholder, family[0].ref), Uitid("an"), datetime.now(UTC))
        return any_api.user_token(uitid="an", client=client)

    def proof(self, api, client, member, born="1990-01-02"):
        basic = b64encode(f"{member.uitpas_number}:{born}".encode()).decode()
        headers = {"x-client-id": client, "authorization": f"Basic {basic}"}
        answer = api.get("/passholders/me/uitid/registration-token", headers=headers)
        return {"x-registration-token": answer.json()["token"]}

    def test_somebody_adds_who_proves_it_with_number_and_birth_date(self, any_api, client, mine, family):
        an, bo, cas, *_ = family
        assert refusal(add(any_api, mine, an, bo)) == (401, "auth/unauthorized")
        proof = self.proof(any_api, client, bo)
        assert refusal(add(any_api, mine, an, cas, headers=proof)) == (403, "auth/forbidden")
        assert add(any_api, mine, an, bo, headers=proof).status_code == 201
        assert names(any_api, mine, an) == [str(an.ref), str(bo.ref)]

    def test_the_family_of_another_is_none_of_his_business(self, any_api, mine, family):
        assert refusal(any_api.get(at(family[1]), token=mine)) == (403, "auth/forbidden")
        assert any_api.get(f"/passholders/{family[0].ref}/families", token=mine).json() == []

    def test_who_was_added_leaves_by_himself(self, any_api, mine, token, family):
        add(any_api, token, family[1], family[0])
        assert any_api.call("DELETE", at(family[1], family[0]), token=mine).status_code == 202
        add(any_api, token, family[1], family[2])
        assert refusal(any_api.call("DELETE", at(family[1], family[2]), token=mine)) == (
            403,
            "auth/forbidden",
        )


@on_one_database
class TestTheMail:
    @pytest.fixture
    def address(self, any_api, family):
        with any_api.database.writing() as session:
            for one, email in ((family[0], "an@example.be"), (family[1], "bo@example.be")):
                details = PassholderDetails(passholder_ref=one.ref, email=email, made_at=datetime.now(UTC))
                session.add(details)
            session.add(
                PassholderDetails(
                    passholder_ref=family[2].ref, email="an@example.be", made_at=datetime.now(UTC)
                )
            )

    def mails(self, api):
        with api.database.reading() as session:
            return session.exec(select(OutgoingMail)).all()

    def test_lets_who_was_added_leave_without_logging_in(self, any_api, token, family, address):
        an, bo, cas, dirk, *_ = family
        for one in (bo, cas, dirk):
            add(any_api, token, an, one)
        (mail,) = self.mails(any_api)
        assert mail.recipient == "bo@example.be", "not to who shares an address, nor to who has none"
        leave = re.search(r"https://uitpas\.example/gezin/(\S+)", mail.body)[1]
        custom = {"headers": {"x-custom-token": leave}}
        for wrong in (at(an, cas), at(bo, an)):
            assert refusal(any_api.call("DELETE", wrong, **custom)) == (401, "auth/unauthorized")
        assert any_api.call("DELETE", at(an, bo), **custom).status_code == 202
        assert refusal(any_api.call("DELETE", at(an, bo), **custom)) == (401, "auth/unauthorized")
        add(any_api, token, an, bo)
        assert refusal(any_api.call("DELETE", at(an, bo), **custom)) == (401, "auth/unauthorized")

    def test_leads_to_a_page_that_asks_first(self, any_api, token, family, address):
        add(any_api, token, family[0], family[1])
        path = re.search(r"uitpas\.example(/gezin/\S+)", self.mails(any_api)[0].body)[1]
        assert "Je staat in het gezin van An" in any_api.http.get(path).text
        with any_api.database.reading() as session:
            assert session.get(FamilyMember, (family[0].ref, family[1].ref)) is not None
        done = any_api.http.post(path, headers={"origin": "https://uitpas.example"})
        assert "Je staat niet meer in dit gezin" in done.text
        assert any_api.http.get(path).status_code == 410
        assert any_api.http.get("/gezin/niets").status_code == 410
