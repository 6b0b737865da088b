"""Organisers, who works for them, and those that belong to them; judged by the public document."""

import pytest
from sqlmodel import select

from fakes.scene import ORGANIZER, SYSTEM
from server.cardsystems.models import CardSystem, PermissionGroup
from server.counters.models import Counter, CounterGroup
from server.counters.setup import CounterFacts, create_counter
from server.kernel.audit import AuditEntry
from server.staff.models import Staff, StaffRole, StaffSession

from .test_callers import refusal

THEATRE = "0b1f5ec5-theater"
READ, WRITE = "ORGANIZERS_ADMINS_READ", "ORGANIZERS_ADMINS_WRITE"
ADMINS = f"/organizers/{ORGANIZER}/admins"


@pytest.fixture
def town(api):
    """A second organiser, which belongs to the first and to one card system more."""
    return add_theatre(api)


def add_theatre(api):
    with api.database.writing() as session:
        session.add(CardSystem(id=9, name="Anders", token_key=b"9"))
        session.flush()
        facts = CounterFacts(
            "Theater De_Zon",
            THEATRE,
            None,
            frozenset({SYSTEM, 9}),
            address=("Kouter 5", "9000", "Gent"),
            parent=api.counter,
        )
        create_counter(session, facts)
    return api


def test_organisers_are_found_by_name_group_and_card_system_as_far_as_one_may(any_api):
    town = add_theatre(any_api)
    token = town.token("ORGANIZERS_SEARCH")
    with town.database.writing() as session:
        group = PermissionGroup(card_system_id=SYSTEM, name="Groep")
        session.add(group)
        session.flush()
        theatre = session.exec(select(Counter.id).where(Counter.organizer_id == THEATRE)).one()
        session.add(CounterGroup(counter_id=theatre, group_id=group.id))
        group_id = group.id

    def ids(**asked):
        return [one["id"] for one in town.get("/organizers", token=token, params=asked).json()["member"]]

    assert ids() == [ORGANIZER, THEATRE]
    assert ids(**{"sort[name]": "desc"}) == [THEATRE, ORGANIZER]
    assert ids(name="*de_zon") == ids(name="theater*") == ids(groupId=group_id) == [THEATRE]
    assert ids(name="theater") == ids(name="*de%zon") == []
    assert ids(cardSystemId=9) == [THEATRE]
    assert ids(start=1, limit=1) == [THEATRE]
    for asked, problem in (({"groupId": 999}, "group"), ({"cardSystemId": 999}, "cardsystem")):
        answer = town.get("/organizers", token=token, params=asked)
        assert refusal(answer) == (400, f"uitpas/{problem}-not-found")
    assert refusal(town.get("/organizers", token=town.token(READ))) == (403, "auth/forbidden")


def test_an_organiser_says_where_it_is_and_in_which_card_systems(town):
    token = town.token("ORGANIZERS_SEARCH")
    found = town.get(f"/organizers/{THEATRE}", token=token).json()
    assert found["address"] == {"street": "Kouter 5", "postalCode": "9000", "city": "Gent"}
    assert [one["id"] for one in found["cardSystems"]] == [SYSTEM, 9]
    assert refusal(town.get("/organizers/nobody", token=token)) == (404, "uitpas/organizer-not-found")
    other = town.token("ORGANIZERS_SEARCH", organizer=THEATRE)
    assert town.get(f"/organizers/{ORGANIZER}", token=other).status_code == 403


def test_what_is_granted_for_an_organiser_holds_for_those_that_belong_to_it(town):
    client_id, secret = town.client("TARIFFS_READ", "ORGANIZERS_SEARCH")
    token = town.token_for(client_id, secret)
    (own,) = town.get("/permissions", token=token).json()
    assert own["organizer"]["id"] == ORGANIZER
    (linked,) = own["linkedOrganizers"]
    assert linked["organizer"]["id"] == THEATRE
    assert {one["id"]: one["cardSystemIds"] for one in linked["permissionDetails"]} == {
        "TARIFFS_READ": [SYSTEM],
        "ORGANIZERS_SEARCH": [SYSTEM],
    }, "in the card systems of the one it belongs to, and no other"
    both = town.token("PERMISSIONS_READ", "PERMISSIONS_WRITE")
    sent = town.get(f"/permissions/{client_id}", token=both).json()
    assert town.call("PUT", f"/permissions/{client_id}", token=both, json=sent).status_code == 204
    assert town.get(f"/permissions/{client_id}", token=both).json() == sent


def test_somebody_is_let_in_made_administrator_and_sent_away(town):
    token = town.token(READ, WRITE)
    assert town.get(ADMINS, token=token).json() == {"totalItems": 0, "member": []}
    for kind in ("MEMBER", "ADMIN"):
        made = town.call("POST", ADMINS, token=token, json={"email": "Jan@example.org", "type": kind})
        assert made.status_code == 201
        assert (made.json()["email"], made.json()["type"]) == ("jan@example.org", kind)
    found = town.get(ADMINS, token=token).json()
    assert found["totalItems"] == 1
    with town.database.writing() as session:
        jan = session.exec(select(Staff)).one()
        jan.uitid = "uitid-of-jan"
    (jan,) = town.get(ADMINS, token=token).json()["member"]
    assert jan["userId"] == "uitid-of-jan"
    assert town.call("DELETE", f"{ADMINS}/{found['member'][0]['userId']}", token=token).status_code == 404
    assert town.call("DELETE", f"{ADMINS}/uitid-of-jan", token=token).status_code == 204
    with town.database.reading() as session:
        assert session.exec(select(StaffRole)).all() == session.exec(select(StaffSession)).all() == []
        deeds = session.exec(select(AuditEntry).where(AuditEntry.action.endswith("-member"))).all()
    assert {one.action for one in deeds} == {"add-member", "remove-member"}
    assert all(one.detail["by"].startswith("client ") for one in deeds)


def test_members_see_who_works_there_and_administrators_say_it(town):
    town.member("karim")
    token = town.user_token(uitid="karim")
    group = {"email": "jan@example.org", "type": "MEMBER"}
    with town.database.writing() as session:
        default = session.exec(select(PermissionGroup.id)).first()
        if session.get(CounterGroup, (town.counter, default)) is None and default:
            session.add(CounterGroup(counter_id=town.counter, group_id=default))
    assert town.get(ADMINS, token=token).json()["member"][0]["userId"] == "karim"
    assert town.call("POST", ADMINS, token=token, json=group).status_code == 403
    with town.database.writing() as session:
        session.exec(select(StaffRole)).one().role = "balie-admin"
    assert town.call("POST", ADMINS, token=token, json=group).status_code == 201


def test_who_may_not_and_what_is_no_address_is_refused(town):
    token = town.token(READ, WRITE)
    answer = town.call("POST", ADMINS, token=token, json={"email": "jan", "type": "MEMBER"})
    assert refusal(answer) == (400, "body/invalid-data")
    assert answer.json()["schemaErrors"][0]["jsonPointer"] == "/email"
    wrong = town.call("POST", ADMINS, token=token, json={"email": "jan@example.org", "type": "BOSS"})
    assert refusal(wrong) == (400, "body/invalid-data")
    assert town.get("/organizers/nobody/admins", token=token).status_code == 404
    assert refusal(town.call("DELETE", f"{ADMINS}/x", token=town.token(READ))) == (403, "auth/forbidden")
    assert refusal(town.get(ADMINS, token=town.token(READ, organizer="elsewhere"))) == (403, "auth/forbidden")
