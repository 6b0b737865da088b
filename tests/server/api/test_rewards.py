"""Welcome rewards in the JSON API; every answer is judged by the public document."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.scene import ORGANIZER, SYSTEM, add_holders
from server.cardsystems.setup import create_card_system
from server.counters.setup import CounterFacts, create_counter
from server.kernel.audit import AuditEntry
from server.passholders.models import Membership
from server.rewards.models import Reward, RewardGrant, RewardRules

from .test_callers import refusal

KEEPS = ("REWARDS_WRITE", "REWARDS_READ", "REWARDS_REDEEM", "REWARDS_PASSHOLDERS_READ")
NOW = datetime.now(UTC)
COFFEE = {
    "title": "Gratis tas koffie",
    "type": "WELCOME",
    "promotionalDescription": "Een tas koffie in het cafetaria.",
    "publicationPeriod": {"begin": "2021-08-24T14:15:22+00:00"},
}
OTHER = "373d6cee-b4ae-4637-9b7c-eeb79e45f044"


def ago(**times):
    return (NOW - timedelta(**times)).isoformat(timespec="seconds")


@pytest.fixture
def holders(api):
    with api.database.writing() as session:
        return add_holders(session, 2)


@pytest.fixture
def token(api):
    return api.token(*KEEPS)


def add(api, token, **changed):
    answer = api.call("POST", "/rewards", token=token, json=COFFEE | changed)
    assert answer.status_code == 200, answer.text
    return answer.json()


def give(api, reward, ref=1):
    with api.database.writing() as session:
        session.add(RewardGrant(passholder_ref=ref, reward_id=int(reward["id"]), at=NOW))
        session.get_one(Reward, int(reward["id"])).units_taken += 1


def status(api, token, reward, number):
    path = f"/rewards/{reward['id']}/redeem-status"
    return api.get(path, token=token, params={"uitpasNumber": number}).json()


def hand_out(api, token, reward, number):
    said = {"rewardId": reward["id"], "uitpasNumber": number}
    return api.call("POST", "/rewards/redeemed", token=token, json=said)


def found(api, **params):
    client, _ = api.client()
    answer = api.get("/rewards", headers={"x-client-id": client}, params={"type": "ANY"} | params)
    return [one["title"] for one in answer.json()["member"]]


def test_a_program_makes_reads_and_changes_a_welcome_reward(api, token):
    made = add(api, token, maxAvailableUnits=100, pictures=["https://example.be/koffie.png"])
    assert (made["owningCardSystem"]["id"], made["allCardSystems"], made["unitsTaken"]) == (SYSTEM, True, 0)
    assert ([one["id"] for one in made["organizers"]], made["points"]) == ([ORGANIZER], 0)
    assert api.get(f"/rewards/{made['id']}", token=token).json() == made
    again = api.call("PUT", f"/rewards/{made['id']}", token=token, json=made | {"title": "Gratis thee"})
    assert again.json() == made | {"title": "Gratis thee"}
    with api.database.reading() as session:
        deeds = [
            one.action for one in session.exec(select(AuditEntry).where(AuditEntry.subject_kind == "reward"))
        ]
    assert deeds == ["create", "change"]


def test_what_somebody_was_given_keeps_its_begin(api, token, holders):
    end = (NOW + timedelta(days=60)).isoformat(timespec="seconds")
    made = add(api, token, grantingPeriod={"begin": ago(days=3)})
    with api.database.writing() as session:
        session.get_one(Reward, int(made["id"])).redeem_end = NOW + timedelta(days=60)
    give(api, made)
    path = f"/rewards/{made['id']}"
    shown = api.get(path, token=token).json()
    assert api.call("PUT", path, token=token, json=shown | {"title": "Thee"}).status_code == 200
    later = shown | {"grantingPeriod": {"begin": ago(days=1), "end": end}}
    assert refusal(api.call("PUT", path, token=token, json=later)) == (400, "uitpas/reward-not-editable")


WRONG = (
    ({"type": "POINTS"}, "body/invalid-data"),
    ({"title": " "}, "body/invalid-data"),
    ({"pictures": ["javascript:alert(1)"]}, "body/invalid-data"),
    ({"redeemPeriod": {"begin": ago(days=1), "end": ago(days=2)}}, "body/invalid-data"),
    ({"applicableCardSystems": [{"id": 99}]}, "uitpas/invalid-card-system"),
    ({"allCardSystems": False}, "uitpas/invalid-card-system"),
)


def test_what_is_wrong_with_a_reward_is_said(api, token):
    for changed, expected in WRONG:
        answer = api.call("POST", "/rewards", token=token, json=COFFEE | changed)
        assert refusal(answer) == (400, expected), changed


def test_nobody_writes_or_hands_out_for_another(api, token, holders):
    made = add(api, token)
    with api.database.writing() as session:
        create_card_system(session, 3, "Paspartoe", prefixes=["09300"])
        create_counter(session, CounterFacts("Elders", OTHER, None, frozenset({3})))
    other = api.token(*KEEPS, organizer=OTHER)
    for method, path, body in (
        ("PUT", f"/rewards/{made['id']}", made),
        ("POST", "/rewards", COFFEE | {"organizers": [{"id": ORGANIZER}]}),
    ):
        assert refusal(api.call(method, path, token=other, json=body))[0] == 403
    give(api, made)
    answer = hand_out(api, other, made, holders[0].uitpas_number)
    assert refusal(answer) == (403, "auth/forbidden")
    assert "wel bij: De Centrale." in answer.json()["endUserMessage"]["nl"]
    assert refusal(api.call("POST", "/rewards", token=api.token("REWARDS_READ"), json=COFFEE))[0] == 403


def test_a_reward_is_handed_out_once_and_taken_back(api, token, holders):
    made, number = add(api, token), holders[0].uitpas_number
    give(api, made)
    assert status(api, token, made, number) == {"redeemable": True}
    answer = hand_out(api, token, made, number)
    assert (answer.status_code, answer.json()["reward"]["id"]) == (201, made["id"])
    assert status(api, token, made, number)["reason"] == "PASSHOLDER_VOLUME"
    again = hand_out(api, token, made, number)
    assert refusal(again) == (400, "uitpas/reward-passholder-volume-constraint")
    assert again.json()["endUserMessage"]["nl"] == "Dit welkomstvoordeel heb je al gekregen."
    for wanted in ({"uitpasNumber": number}, {"passholderId": "1", "organizerId": ORGANIZER}):
        listed = api.get("/rewards/redeemed", token=token, params=wanted | {"rewardTitle": "KOFFIE"}).json()
        assert [one["id"] for one in listed["member"]] == [answer.json()["id"]]
    points = api.get(
        "/rewards/redeemed", token=token, params={"uitpasNumber": number, "rewardType": "POINTS"}
    )
    assert points.json()["totalItems"] == 0
    path = f"/rewards/redeemed/{answer.json()['id']}"
    assert api.call("DELETE", path, token=token).status_code == 204
    assert refusal(api.call("DELETE", path, token=token)) == (404, "url/not-found")
    assert status(api, token, made, number) == {"redeemable": True}
    with api.database.reading() as session:
        deeds = [one.action for one in session.exec(select(AuditEntry)) if one.action.endswith("-reward")]
    assert deeds == ["redeem-reward", "cancel-reward"]


def test_why_a_reward_is_not_handed_out_has_its_reason_and_its_problem(api, token, holders):
    number, late = (one.uitpas_number for one in holders)
    made = add(api, token, maxAvailableUnits=1)
    give(api, made)

    def says(wanted, problem, whose=number):
        said = status(api, token, made, whose)
        assert (said["redeemable"], said["reason"], bool(said["message"])) == (False, wanted, True)
        assert refusal(hand_out(api, token, made, whose)) == (400, f"uitpas/{problem}")

    says("REWARD_VOLUME", "reward-volume-constraint", late)
    with api.database.writing() as session:
        session.get_one(Reward, int(made["id"])).redeem_end = NOW - timedelta(days=1)
    says("REWARD_PERIOD", "reward-period-constraint")
    with api.database.writing() as session:
        session.get_one(Reward, int(made["id"])).redeem_end = None
        session.add(RewardRules(card_system_id=SYSTEM, hands_out=False))
    says("REWARD_PERIOD", "reward-period-constraint")
    with api.database.writing() as session:
        session.get_one(Membership, (1, SYSTEM)).status = "blocked"
    says("PASSHOLDER_NO_ACTIVE_CARDSYSTEM", "passholder-no-active-cardsystems")
    with api.database.writing() as session:
        session.get_one(Reward, int(made["id"])).ended_at = NOW
    assert refusal(hand_out(api, token, made, number)) == (404, "uitpas/reward-not-found")
    assert refusal(hand_out(api, token, made, "123")) == (400, "uitpas/invalid-uitpas-number")


def test_a_pashouder_with_an_app_is_sent_to_a_counter(api, token, holders):
    made = add(api, token)
    answer = hand_out(api, api.user_token(), made, holders[0].uitpas_number)
    assert refusal(answer) == (400, "uitpas/reward-invalid-redeem-type")


def test_anyone_looks_for_rewards(api, token, holders):
    make = {"organizers": [{"id": ORGANIZER}]}
    add(api, token, title="Koffie", **make)
    add(api, token, title="Later", redeemPeriod={"begin": (NOW + timedelta(days=9)).isoformat()}, **make)
    add(api, token, title="Stil", publicationPeriod={"begin": ago(days=9), "end": ago(days=8)}, **make)
    ended = add(api, token, title="Voorbij", **make)
    with api.database.writing() as session:
        session.get_one(Reward, int(ended["id"])).ended_at = NOW
    assert found(api) == ["Koffie"]
    assert found(api, type="POINTS") == []
    assert found(api, subset="REDEEMABLE", sort="-name") == ["Stil", "Koffie"]
    assert found(api, subset="ENDUSER-FUTURE") == ["Later"]
    assert found(api, subset="ALL", sort="name") == ["Koffie", "Later", "Stil", "Voorbij"]
    assert found(api, subset="ALL", status="DELETED") == ["Voorbij"]
    assert found(api, subset="ALL", text="centrale", limit=1, start=1) == ["Later"]
    assert found(api, applicableCardSystemId=SYSTEM, organizerId=ORGANIZER) == ["Koffie"]
    assert found(api, organizerPostalCode="1000") == found(api, sport=True) == []
    client, _ = api.client()
    asked = {"type": "WELCOME", "facets": ["type", "owningCardSystemId"]}
    page = api.get("/rewards", headers={"x-client-id": client}, params=asked).json()
    assert page["facet"]["owningCardSystemId"] == {str(SYSTEM): {"name": {"nl": "UiTPAS Gent"}, "count": 1}}
    wrong = api.get("/rewards", token=token, params={"owningCardSystemId": 99})
    assert refusal(wrong) == (400, "uitpas/cardsystem-not-found")


def test_what_is_somebodys_to_collect_is_for_who_may_know(api, token, holders):
    mine, _ = add(api, token, title="Koffie"), add(api, token, title="Thee")
    give(api, mine)
    asked = {"type": "ANY", "isRedeemableByPassholderId": "1"}
    page = api.get("/rewards", token=token, params=asked).json()
    assert [one["title"] for one in page["member"]] == ["Koffie"]
    client, _ = api.client()
    assert refusal(api.get("/rewards", headers={"x-client-id": client}, params=asked))[0] == 403
