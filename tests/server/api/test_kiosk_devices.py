"""`kiosk-devices`: a device of another make that asks the server at each card."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.scene import EVENT, ORGANIZER, SYSTEM, add_event, add_holders, add_kiosk
from server.cards.models import Card
from server.checkins.models import Checkin
from server.checkins.scan import Scan, check_scan
from server.counters.setup import CounterFacts, create_counter
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import Kiosk, KioskLive
from server.kiosks.setup import assign_counters, block_kiosk, unblock_kiosk

from .test_callers import refusal

DEVICE = "ebee0a27-2dba-4231-aaae-15077884fa75"
TOKEN = {"x-custom-token": DEVICE}
SETUP = "/kiosk-devices/setup"


@pytest.fixture
def scene(api):
    return furnish(api)


def furnish(api):
    """Add a zuil that is not set up yet, and three pashouders."""
    with api.database.writing() as session:
        api.number, api.code = add_kiosk(session, api.counter, "CID-001")
        api.holders = add_holders(session, 3)
    return api


@pytest.fixture
def device(scene):
    """The same, with a device set up."""
    assert set_up(scene).status_code == 200
    return scene


def set_up(api, *, code=None, name="CID-001", device_id=DEVICE):
    headers = {"x-custom-token": code or api.code}
    return api.call("PUT", SETUP, headers=headers, json={"name": name, "deviceId": device_id})


def tap(api, chip, **options):
    return api.call(
        "POST", "/kiosk-devices/checkins", json={"chipNumber": chip}, **({"headers": TOKEN} | options)
    )


def test_from_code_to_point_on_both_databases(any_api):
    scene = furnish(any_api)
    assert set_up(scene).status_code == 200
    assert scene.get("/kiosk-devices/checkins", headers=TOKEN).json()["event"]["id"] == EVENT
    assert tap(scene, scene.holders[0].chip_number).json() == {"newPoints": 1, "totalPoints": 1}


class TestSetup:
    def test_a_device_becomes_the_zuil_of_its_code(self, scene):
        found = set_up(scene).json()
        assert found["id"] == str(scene.number)
        assert (found["name"], found["deviceId"]) == ("CID-001", DEVICE)
        assert found["organizers"] == [{"id": ORGANIZER, "name": "De Centrale"}]
        assert found["cardSystem"]["id"] == SYSTEM
        assert found["releaseTrack"] == "stable"
        assert scene.get("/kiosk-devices", headers=TOKEN).json() == found
        with scene.database.reading() as session:
            kiosk = session.get_one(Kiosk, scene.number)
            assert DEVICE.encode() not in bytes(kiosk.device_id) + bytes(kiosk.device_hash)
            assert session.get_one(KioskLive, scene.number).version == "JSON API"

    def test_a_code_is_needed_that_is_good(self, scene):
        assert refusal(scene.call("PUT", SETUP, json={"name": "CID-001", "deviceId": DEVICE}))[0] == 401
        assert refusal(set_up(scene, code="AAAA-BBBB")) == (401, "auth/unauthorized")
        assert refusal(set_up(scene, name="CID-002")) == (400, "uitpas/kiosk-not-found")
        assert set_up(scene, name=" cid-001 ").status_code == 200

    def test_a_zuil_is_set_up_once(self, device):
        with device.database.writing() as session:
            again = make_enrolment_code(session, session.get_one(Kiosk, device.number), datetime.now(UTC))
        assert refusal(set_up(device, code=again)) == (400, "uitpas/kiosk-already-configured")

    def test_a_code_that_was_used_says_that_the_zuil_is_set_up(self, device):
        assert refusal(set_up(device)) == (400, "uitpas/kiosk-already-configured")

    def test_after_a_block_the_same_device_is_set_up_with_another_code(self, device):
        with device.database.writing() as session:
            kiosk = session.get_one(Kiosk, device.number)
            block_kiosk(session, kiosk)
            unblock_kiosk(session, kiosk)
            code = make_enrolment_code(session, kiosk, datetime.now(UTC))
        assert set_up(device, code=code).status_code == 200

    def test_a_device_is_one_zuil(self, device):
        with device.database.writing() as session:
            _, code = add_kiosk(session, device.counter, "CID-002")
        answer = set_up(device, code=code, name="CID-002")
        assert refusal(answer) == (400, "uitpas/kiosk-device-already-in-use")

    def test_a_body_that_lacks_something_says_what(self, scene):
        answer = scene.call("PUT", SETUP, headers={"x-custom-token": scene.code}, json={"name": "CID-001"})
        assert [one["jsonPointer"] for one in answer.json()["schemaErrors"]] == ["/deviceId"]

    def test_who_tries_codes_is_stopped(self, scene):
        assert [set_up(scene, code=f"AAAA-{n:04}").status_code for n in range(21)][-2:] == [401, 429]


class TestDoor:
    @pytest.mark.parametrize("path", ["", "/events", "/checkins", "/chip-numbers/04123456789ABC"])
    def test_nobody_comes_in_without_a_device(self, scene, path):
        assert refusal(scene.get(f"/kiosk-devices{path}")) == (401, "auth/unauthorized")
        unknown = {"x-custom-token": "somebody-else-entirely"}
        assert refusal(scene.get(f"/kiosk-devices{path}", headers=unknown)) == (401, "auth/unauthorized")

    def test_a_blocked_zuil_is_refused(self, device):
        with device.database.writing() as session:
            block_kiosk(session, session.get_one(Kiosk, device.number))
        assert refusal(device.get("/kiosk-devices", headers=TOKEN)) == (403, "auth/forbidden")
        assert refusal(tap(device, device.holders[0].chip_number)) == (403, "auth/forbidden")


class TestEvents:
    def test_the_event_of_now_comes_with_a_code_that_works(self, device):
        found = device.get("/kiosk-devices/checkins", headers=TOKEN).json()
        assert found["event"] == {"id": EVENT, "title": "Activiteit 1"}
        assert found["checkinPoints"] == 1
        with device.database.reading() as session:
            late = datetime.now(UTC) + timedelta(seconds=14)
            assert check_scan(session, found["checkinCode"], late) == Scan(device.number, EVENT)

    def test_a_fixed_event_holds_until_it_is_freed(self, device):
        other = "d83b5b8a-108a-45d6-9ac9-8bdc44a0a24a"
        with device.database.writing() as session:
            add_event(session, other, number=2)
        events = "/kiosk-devices/events"
        assert refusal(device.get(events, headers=TOKEN)) == (404, "url/not-found")
        assert device.call("PUT", events, headers=TOKEN, json={"id": other}).status_code == 204
        assert device.get(events, headers=TOKEN).json()["event"]["id"] == other
        assert device.get("/kiosk-devices/checkins", headers=TOKEN).json()["event"]["id"] == other
        assert device.call("DELETE", events, headers=TOKEN).status_code == 204
        assert refusal(device.get(events, headers=TOKEN))[0] == 404

    def test_an_event_of_others_or_of_nobody_is_refused(self, device):
        with device.database.writing() as session:
            counter = create_counter(session, CounterFacts("Elders", "elsewhere", None, frozenset({SYSTEM})))
            assign_counters(session, session.get_one(Kiosk, device.number), [counter])
        put = lambda id_: device.call("PUT", "/kiosk-devices/events", headers=TOKEN, json={"id": id_})  # noqa: E731
        assert refusal(put(EVENT)) == (400, "uitpas/event-not-acceptable")
        assert refusal(put("unknown")) == (400, "uitpas/event-not-found")
        assert refusal(device.get("/kiosk-devices/checkins", headers=TOKEN)) == (404, "url/not-found")


class TestCheckins:
    def test_a_card_saves_a_point_and_the_balance_shows_it(self, device):
        holder = device.holders[0]
        assert tap(device, holder.chip_number.lower()).json() == {"newPoints": 1, "totalPoints": 1}
        balance = device.get(f"/kiosk-devices/chip-numbers/{holder.chip_number}", headers=TOKEN)
        assert balance.json() == {"totalPoints": 1}
        with device.database.reading() as session:
            fact = session.exec(select(Checkin)).one()
        assert (fact.kiosk, fact.seq, fact.event_id, fact.verdict) == (device.number, None, EVENT, "granted")

    def test_the_second_time_is_refused_kept_and_explained(self, device):
        tap(device, device.holders[0].chip_number)
        answer = tap(device, device.holders[0].chip_number)
        assert refusal(answer) == (400, "uitpas/maximum-reached")
        assert set(answer.json()["endUserMessage"]) == {"nl", "fr", "en"}
        with device.database.reading() as session:
            assert sorted(session.exec(select(Checkin.verdict))) == ["granted", "noted"]

    def test_a_blocked_card_is_told_so_in_both_calls(self, device):
        holder = device.holders[1]
        with device.database.writing() as session:
            session.get_one(Card, holder.uitpas_number).state = "BLOCKED"
        assert refusal(tap(device, holder.chip_number)) == (400, "uitpas/card-blocked")
        balance = device.get(f"/kiosk-devices/chip-numbers/{holder.chip_number}", headers=TOKEN)
        assert refusal(balance) == (400, "uitpas/card-blocked")

    def test_a_card_nobody_knows_leaves_no_trace(self, device):
        assert refusal(tap(device, "04FFFFFFFFFFFF")) == (400, "uitpas/passholder-not-found")
        balance = device.get("/kiosk-devices/chip-numbers/04FFFFFFFFFFFF", headers=TOKEN)
        assert refusal(balance) == (404, "uitpas/passholder-not-found")
        assert refusal(device.get("/kiosk-devices/chip-numbers/xyz", headers=TOKEN))[0] == 404
        with device.database.reading() as session:
            assert session.exec(select(Checkin)).first() is None

    def test_what_is_no_chip_number_is_said_at_its_place(self, device):
        (wrong,) = tap(device, "12").json()["schemaErrors"]
        assert wrong["jsonPointer"] == "/chipNumber"
