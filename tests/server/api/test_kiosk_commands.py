"""Commands for zuilen through the JSON API: who may order on the screens may here, and nobody else."""

import base64

import pytest
from sqlmodel import select

from fakes.scene import ORGANIZER, SYSTEM
from server.cardsystems.setup import create_card_system
from server.kernel.audit import AuditEntry
from server.kiosks.models import Kiosk, KioskCommandResult
from server.staff.models import Staff, StaffRole
from shared.domain.commands import CommandKind

from .test_callers import refusal
from .test_kiosk_devices import TOKEN, furnish, set_up

OWN = "/api/kiosk-devices/commands"


@pytest.fixture
def scene(api):
    furnish(api)
    assert set_up(api).status_code == 200
    api.path = f"/api/kiosks/{api.number}/commands"
    return api


def add_role(api, uitid, role, system=SYSTEM):
    with api.database.writing() as session:
        staff = Staff(uitid=uitid, name=uitid)
        session.add(staff)
        session.flush()
        session.add(StaffRole(staff_id=staff.id, role=role, card_system_id=system))
    return {"authorization": f"Bearer {api.user_token(uitid=uitid)}"}


def order(api, headers, kind):
    return api.http.post(api.path, headers=headers, json={"type": kind})


def test_a_ksb_orders_everything_a_technician_what_does_no_harm(scene):
    ksb, tom = add_role(scene, "ksb", "ksb"), add_role(scene, "tom", "technician")
    for kind in CommandKind:
        expected = 403 if kind in (CommandKind.ROTATE_KEY, CommandKind.WIPE) else 201
        assert order(scene, tom, kind).status_code == expected, kind
    assert order(scene, ksb, "rotate-key").status_code == 201
    assert order(scene, ksb, "wipe").status_code == 201
    assert order(scene, ksb, "wipe").status_code == 409, "it was ordered and is not done yet"
    assert order(scene, ksb, "make-coffee").status_code == 400
    kinds = {one["type"] for one in scene.http.get(scene.path, headers=tom).json()["member"]}
    assert kinds == set(CommandKind) - {CommandKind.ROTATE_KEY, CommandKind.WIPE}
    with scene.database.reading() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "command")).all()
        assert all(entry.staff_id for entry in entries)


def test_who_may_order_finds_his_zuilen_and_follows_an_order(scene):
    for headers in (
        add_role(scene, "ksb", "ksb"),
        add_role(scene, "tom", "technician"),
        add_role(scene, "admin", "admin", None),
    ):
        listed = scene.http.get("/api/kiosks", headers=headers)
        assert [one["id"] for one in listed.json()["member"]] == [str(scene.number)]
        shown = scene.http.get(f"/api/kiosks/{scene.number}", headers=headers)
        assert shown.json() == listed.json()["member"][0]
        asked = {"organizerId": ORGANIZER}
        assert scene.http.get("/api/kiosks", headers=headers, params=asked).json()["totalItems"] == 1
        asked = {"organizerId": "elsewhere"}
        assert scene.http.get("/api/kiosks", headers=headers, params=asked).json()["totalItems"] == 0
    asked = order(scene, headers, "rotate-key").json()
    one = f"{scene.path}/{asked['id']}"
    assert scene.http.get(one, headers=headers).json() == asked
    tom = {"authorization": f"Bearer {scene.user_token(uitid='tom')}"}
    assert refusal(scene.http.get(one, headers=tom)) == (403, "auth/forbidden")
    assert scene.http.get(f"{scene.path}/nothing", headers=headers).status_code == 404
    with scene.database.writing() as session:
        create_card_system(session, 8, "UiTPAS Dender")
    elsewhere = add_role(scene, "elsewhere", "ksb", 8)
    assert scene.http.get("/api/kiosks", headers=elsewhere).json()["member"] == []
    assert refusal(scene.http.get(f"/api/kiosks/{scene.number}", headers=elsewhere))[0] == 403


def test_what_the_zuil_says_and_why_it_cannot_be_ordered_comes_in_the_language_of_who_asks(scene):
    admin = add_role(scene, "admin", "admin", None)
    asked = order(scene, admin, "self-test").json()
    again = order(scene, admin, "self-test")
    assert refusal(again) == (409, "uitpas/kiosk-order-open")
    assert again.json()["endUserMessage"]["fr"].endswith("la borne ne l’a pas encore fait.")  # noqa: RUF001 - as French is written
    report = {"outcome": "failed", "message": "Not good: reader, clock."}
    assert scene.http.put(f"{OWN}/{asked['id']}", headers=TOKEN, json=report).status_code == 204
    for language, words in (
        ("nl", "Niet in orde: kaartlezer, klok."),
        ("en", "Not right: card reader, clock."),
    ):
        headers = admin | {"accept-language": language}
        assert scene.http.get(f"{scene.path}/{asked['id']}", headers=headers).json()["message"] == words
    with scene.database.writing() as session:
        session.get_one(Kiosk, scene.number).state = "blocked"
    unused = order(scene, admin, "restart")
    assert refusal(unused) == (409, "uitpas/kiosk-not-in-use")
    assert unused.json()["endUserMessage"]["nl"] == "Deze zuil is nu niet in gebruik."


def test_nobody_else_orders_anything(scene):
    scene.member("karim")
    with scene.database.writing() as session:
        create_card_system(session, 8, "UiTPAS Dender")
    elsewhere = add_role(scene, "elsewhere", "ksb", 8)
    for token in (
        scene.user_token(uitid="karim"),
        scene.user_token(),
        scene.token("KIOSKS_READ", "KIOSKS_WRITE"),
    ):
        answer = order(scene, {"authorization": f"Bearer {token}"}, "restart")
        assert refusal(answer) == (403, "auth/forbidden")
    assert refusal(order(scene, elsewhere, "restart")) == (403, "auth/forbidden")
    assert order(scene, {}, "restart").status_code == 401
    scene.path = "/api/kiosks/999/commands"
    assert refusal(order(scene, elsewhere, "restart")) == (404, "url/not-found")
    with scene.database.writing() as session:
        session.get_one(Kiosk, scene.number).state = "removed"
    scene.path = f"/api/kiosks/{scene.number}/commands"
    assert refusal(order(scene, add_role(scene, "admin", "admin", None), "restart")) == (404, "url/not-found")


def test_a_device_of_another_make_reads_what_it_is_told_and_says_what_became_of_it(scene):
    admin = add_role(scene, "admin", "admin", None)
    asked = order(scene, admin, "show-screen").json()
    assert (asked["type"], asked["status"], asked["hasResult"]) == ("show-screen", "waiting", False)
    (told,) = scene.http.get(OWN, headers=TOKEN).json()["member"]
    assert (told["id"], told["type"]) == (asked["id"], "show-screen")
    assert scene.http.get(scene.path, headers=admin).json()["member"][0]["status"] == "sent"
    here = f"{OWN}/{told['id']}"
    assert scene.http.put(here, headers=TOKEN, json={"outcome": "done", "result": "?"}).status_code == 400
    picture = b"\x89PNG\r\n\x1a\n"
    report = {"outcome": "done", "message": "Gedaan.", "result": base64.b64encode(picture).decode()}
    assert scene.http.put(here, headers=TOKEN, json=report).status_code == 204
    assert scene.http.put(here, headers=TOKEN, json=report).status_code == 204, "said again"
    assert scene.http.put(f"{OWN}/nothing", headers=TOKEN, json=report).status_code == 404
    assert scene.http.get(OWN, headers=TOKEN).json()["member"] == []
    (found,) = scene.http.get(scene.path, headers=admin).json()["member"]
    assert (found["status"], found["message"], found["hasResult"]) == ("done", "Gedaan.", True)
    brought = scene.http.get(f"{scene.path}/{found['id']}/result", headers=admin)
    assert (brought.content, brought.headers["content-type"]) == (picture, "image/png")
    with scene.database.reading() as session:
        assert session.exec(select(KioskCommandResult)).one().content == picture
    assert scene.http.get(f"{scene.path}/nothing/result", headers=admin).status_code == 404
