"""What pashouders do for themselves in the JSON API; the public document judges every answer."""

from datetime import UTC, datetime

import pytest
from sqlmodel import select

from fakes.scene import EVENT, add_holders, add_kiosk
from server.cards.models import Card
from server.checkins.models import Checkin, PointsEntry
from server.events.models import Event
from server.families.models import FamilyMember
from server.kernel.database import vault_of
from server.kiosks.models import Kiosk
from server.passholders.models import Membership, Passholder
from server.uitid.linking import Uitid, link_uitid
from shared.domain.codes import make_code
from shared.domain.zones import to_millis

from .test_callers import refusal


@pytest.fixture
def people(any_api):
    """An, who has a UiTiD, her child, and a stranger; a zuil with a code."""
    with any_api.database.writing() as session:
        an, child, stranger = add_holders(session, 3)
        link_uitid(session, session.get_one(Passholder, an.ref), Uitid("an"), datetime.now(UTC))
        session.add(FamilyMember(main_ref=an.ref, member_ref=child.ref, added_at=datetime.now(UTC)))
        number, _ = add_kiosk(session, any_api.counter)
        kiosk = session.get_one(Kiosk, number)
        kiosk.state, kiosk.qr = "active", True
    return an, child, stranger


@pytest.fixture
def app(any_api):
    """The token of An in an app."""
    client = any_api.client("PASSHOLDERS_SELF_CHECKIN")[0]
    return any_api.user_token(uitid="an", client=client)


def code(api):
    with api.database.reading() as session:
        kiosk = session.exec(select(Kiosk)).one()
        event = session.get_one(Event, EVENT)
        key = vault_of(session).open(kiosk.code_key)
        return make_code(key, kiosk.number, event.number, datetime.now(UTC), kiosk.qr_seconds)


def save(api, token, who, text):
    path = f"/passholders/{who}/checkins"
    return api.call("POST", path, token=token, json={"checkinCode": text})


def test_somebody_saves_for_himself_and_his_family_and_looks_back(any_api, people, app):
    an, child, _ = people
    assert save(any_api, app, "me", code(any_api)).json() == {"addedPoints": 1, "totalPoints": 1}
    again = save(any_api, app, an.ref, f"https://uitpas.example/c/{code(any_api).lower()}")
    assert refusal(again) == (400, "uitpas/checkin-not-allowed")
    assert again.json()["endUserMessage"]["nl"].endswith("Je houdt 1 punt.")
    assert save(any_api, app, child.ref, code(any_api)).status_code == 201
    with any_api.database.writing() as session:
        joined = to_millis(datetime(2020, 1, 1, tzinfo=UTC))
        session.add(PointsEntry(passholder_ref=an.ref, at=joined, points=3, reason="registration"))
        facts = session.exec(select(Checkin.verdict).where(Checkin.passholder_ref == an.ref)).all()
        assert sorted(facts) == ["granted", "noted"], "what was refused is a fact too"
    found = any_api.get("/passholders/me/transactions", token=app).json()
    assert [(one["title"], one["points"]) for one in found["member"]] == [
        ("Activiteit 1", 1),
        ("Welkom bij UiTPAS", 3),
    ]
    asked = {"sort[creationDate]": "asc", "limit": 1}
    oldest = any_api.get(f"/passholders/{an.ref}/transactions", token=app, params=asked).json()
    assert (oldest["totalItems"], oldest["member"][0]["points"]) == (2, 3)
    assert any_api.get(f"/passholders/{child.ref}/transactions", token=app).json()["totalItems"] == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_is_told_by_its_problem(any_api, people, app):
    an, _, stranger = people
    assert refusal(save(any_api, app, stranger.ref, code(any_api))) == (403, "auth/forbidden")
    assert refusal(save(any_api, app, "0", code(any_api))) == (400, "uitpas/passholder-not-found")
    wrong = save(any_api, app, "me", "ABC")
    assert refusal(wrong) == (400, "uitpas/checkin-code-invalid")
    assert wrong.json()["endUserMessage"]["en"]
    with any_api.database.writing() as session:
        session.get_one(Membership, (an.ref, 5)).status = "blocked"
    answer = save(any_api, app, "me", code(any_api))
    assert refusal(answer) == (400, "uitpas/passholder-no-active-cardsystems")
    with any_api.database.writing() as session:
        session.get_one(Membership, (an.ref, 5)).status = "active"
        session.get_one(Card, an.uitpas_number).state = "BLOCKED"
    assert refusal(save(any_api, app, "me", code(any_api))) == (400, "uitpas/checkin-not-allowed")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_program_acts_for_the_members_of_its_card_systems_and_is_nobody_itself(any_api, people, app):
    token = any_api.token("PASSHOLDERS_SELF_CHECKIN")
    assert save(any_api, token, people[2].ref, code(any_api)).status_code == 201
    assert refusal(save(any_api, token, "me", code(any_api))) == (403, "auth/forbidden")
    plain = any_api.user_token(uitid="an", client=any_api.client()[0])
    assert refusal(save(any_api, plain, "me", code(any_api))) == (403, "auth/forbidden")
    nobody = any_api.user_token(uitid="bo", client=any_api.client("PASSHOLDERS_TRANSACTION_HISTORY")[0])
    answer = any_api.get("/passholders/me/transactions", token=nobody)
    assert refusal(answer) == (400, "uitpas/passholder-not-found")
