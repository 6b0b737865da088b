"""`kiosks`: the zuilen of an organiser, for who may see or set them."""

import pytest

from fakes.scene import EVENT, ORGANIZER, SYSTEM, add_kiosk
from server.counters.setup import CounterFacts, create_counter
from server.kiosks.models import Kiosk
from server.releases.models import KioskTrack

from .test_callers import refusal


@pytest.fixture
def scene(api):
    """Two zuilen in use at a counter, one that is not, and one of another organiser."""
    with api.database.writing() as session:
        other = create_counter(session, CounterFacts("Elders", "elsewhere", None, frozenset({SYSTEM})))
        numbers = [add_kiosk(session, api.counter, f"Zuil {n}")[0] for n in range(3)]
        numbers.append(add_kiosk(session, other, "Zuil elders")[0])
        for number in (numbers[0], numbers[1], numbers[3]):
            session.get_one(Kiosk, number).state = "active"
    api.numbers = numbers
    return api


def names(api, token, **params):
    return [one["name"] for one in api.get("/kiosks", token=token, params=params).json()["member"]]


def test_a_program_sees_the_zuilen_in_use_of_its_organisers(scene):
    token = scene.token("KIOSKS_READ")
    assert names(scene, token) == ["Zuil 0", "Zuil 1"]
    assert names(scene, token, organizerId=ORGANIZER, start=1, limit=1) == ["Zuil 1"]
    assert scene.get("/kiosks", token=token, params={"limit": 1}).json()["totalItems"] == 2
    answer = scene.get("/kiosks", token=token, params={"organizerId": "elsewhere"})
    assert refusal(answer) == (403, "auth/forbidden")


def test_the_track_of_its_releases_is_told(scene):
    with scene.database.writing() as session:
        session.add(KioskTrack(kiosk=scene.numbers[1], track="beta"))
    member = scene.get("/kiosks", token=scene.token("KIOSKS_READ")).json()["member"]
    assert [one["releaseTrack"] for one in member] == ["stable", "beta"]


def test_so_does_a_member_of_the_counter(scene):
    scene.member("karim")
    token = scene.user_token(uitid="karim")
    assert names(scene, token, organizerId=ORGANIZER) == ["Zuil 0", "Zuil 1"]


def test_nobody_else_does(scene):
    assert refusal(scene.get("/kiosks", token=scene.token("KIOSKS_WRITE"))) == (403, "auth/forbidden")
    assert refusal(scene.get("/kiosks", token=scene.user_token())) == (403, "auth/forbidden")


def test_an_event_is_fixed_seen_and_freed(scene):
    token = scene.token("KIOSKS_READ", "KIOSKS_WRITE")
    path = f"/kiosks/{scene.numbers[0]}/fixed-event"
    assert refusal(scene.get(path, token=token)) == (404, "uitpas/event-not-found")
    assert refusal(scene.call("DELETE", path, token=token)) == (404, "uitpas/event-not-found")
    assert scene.call("PUT", path, token=token, json={"id": EVENT}).status_code == 204
    assert scene.get(path, token=token).json()["event"]["id"] == EVENT
    assert scene.call("DELETE", path, token=token).status_code == 204
    assert scene.get(path, token=token).status_code == 404


def test_a_zuil_that_is_not_there_is_not_found_and_one_of_others_is_closed(scene):
    token = scene.token("KIOSKS_READ", "KIOSKS_WRITE")
    for number in ("999", "abc", "99999999999999999999"):
        assert refusal(scene.get(f"/kiosks/{number}/fixed-event", token=token)) == (404, "url/not-found")
    path = f"/kiosks/{scene.numbers[3]}/fixed-event"
    assert refusal(scene.get(path, token=token)) == (403, "auth/forbidden")
    assert refusal(scene.call("PUT", path, token=token, json={"id": EVENT})) == (403, "auth/forbidden")


def test_who_may_look_may_not_set(scene):
    path = f"/kiosks/{scene.numbers[0]}/fixed-event"
    answer = scene.call("PUT", path, token=scene.token("KIOSKS_READ"), json={"id": EVENT})
    assert refusal(answer) == (403, "auth/forbidden")
