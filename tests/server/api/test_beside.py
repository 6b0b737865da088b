"""What is kept beside a pashouder, in the JSON API; every answer is judged by the public document."""

import base64
import io

import pytest
from PIL import Image
from sqlmodel import select

from fakes.scene import ORGANIZER, SYSTEM, add_holders
from server.cardsystems.models import PermissionGroup
from server.counters.models import CounterGroup
from server.kernel.audit import AuditEntry
from server.passholders.models import PassholderDetails

from .test_callers import refusal
from .test_passholders import EVE, add_card

PERSON = "/passholders/1"
READS = ("PASSHOLDERS_PRIVATE_READ", "PASSHOLDERS_PICTURE_READ", "PASSHOLDERS_SEARCH")
WRITES = ("PASSHOLDERS_PRIVATE_WRITE", "PASSHOLDERS_PICTURE_WRITE", "PASSHOLDERS_UPDATE")


def picture():
    out = io.BytesIO()
    Image.new("RGB", (900, 700), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def people(api):
    with api.database.writing() as session:
        add_holders(session, 2)
    return api


@pytest.fixture
def token(people):
    return people.token(*READS, *WRITES)


def deeds(api):
    with api.database.reading() as session:
        return [one.action for one in session.exec(select(AuditEntry).order_by(AuditEntry.id))]


def test_a_note_is_for_who_may_read_it(people, token):
    assert people.get(f"{PERSON}/private", token=token).json() == {"id": "1", "note": ""}
    for _ in range(2):
        kept = people.call("PUT", f"{PERSON}/private", token=token, json={"note": " Komt met tolk. "})
        assert kept.status_code == 204
    assert people.get(f"{PERSON}/private", token=token).json()["note"] == "Komt met tolk."
    with people.database.reading() as session:
        assert session.get_one(PassholderDetails, 1).note == "Komt met tolk."
    assert deeds(people)[-3:] == ["look", "change", "look"]
    assert people.get("/passholders/99/private", token=token).status_code == 404
    assert refusal(people.call("PUT", "/passholders/99/private", token=token, json={})) == (
        400,
        "uitpas/passholder-not-found",
    )


OPERATIONS = (
    *(("GET", "private"), ("PUT", "private")),
    *(("GET", "picture"), ("PUT", "picture"), ("DELETE", "picture")),
    *(("GET", "school"), ("PUT", "school"), ("DELETE", "school")),
)
FOR_SCHOOLS = {"PASSHOLDERS_SEARCH", "PASSHOLDERS_UPDATE"}


def test_nothing_beside_somebody_is_open_without_its_permission_in_his_card_system(people):
    for part in ("private", "picture", "school"):
        needed = (
            FOR_SCHOOLS if part == "school" else {one for one in (*READS, *WRITES) if part.upper() in one}
        )
        held = people.token(*({*READS, *WRITES} - needed))
        elsewhere = people.token(*READS, *WRITES, organizer="elsewhere")
        for method, one in OPERATIONS:
            options = {"json": {"id": "x"}} if method == "PUT" and part != "picture" else {}
            for token in (held, elsewhere) if one == part else ():
                answer = people.call(method, f"{PERSON}/{part}", token=token, **options)
                assert refusal(answer) == (403, "auth/forbidden")


def test_a_picture_is_sent_seen_for_a_moment_and_removed(people, token):
    assert people.get(f"{PERSON}/picture", token=token).status_code == 404
    sent = people.call("PUT", f"{PERSON}/picture", token=token, files={"file": ("ik.png", picture())})
    assert sent.status_code == 204
    url = people.get(f"{PERSON}/picture", token=token).json()["pictureUrl"]
    assert url.startswith("https://uitpas.example/foto/")
    seen = people.http.get(url)
    assert (seen.status_code, seen.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(seen.content)) as shown:
        assert shown.size == (600, 467)
    assert people.http.get(f"{url}x").status_code == 404
    assert people.call("DELETE", f"{PERSON}/picture", token=token).status_code == 204
    assert people.call("DELETE", f"{PERSON}/picture", token=token).status_code == 404
    assert people.http.get(url).status_code == 404
    assert deeds(people)[-3:] == ["put-picture", "look-picture", "drop-picture"]


def test_what_is_no_picture_is_refused(people, token):
    for file, problem in (
        (None, "file-missing"),
        (("leeg.png", b""), "file-missing"),
        (("brief.pdf", b"%PDF-1.7"), "file-invalid-type"),
        (("groot.png", b"x" * (12 << 20) + b"xx"), "file-invalid-size"),
    ):
        files = {"file": file} if file else {}
        answer = people.call("PUT", f"{PERSON}/picture", token=token, files=files)
        assert refusal(answer) == (400, f"body/{problem}")


def test_somebody_is_registered_with_a_picture(any_api):
    people = any_api
    token = people.token("PASSHOLDERS_WRITE", *READS)
    message = EVE | {"registrationUitpasNumber": add_card(people)}
    message |= {"registrationPicture": base64.b64encode(picture()).decode()}
    made = people.call("POST", "/passholders", token=token, json=message).json()
    assert people.get(f"/passholders/{made['id']}/picture", token=token).status_code == 200
    wrong = message | {"registrationPicture": base64.b64encode(b"%PDF").decode()}
    answer = people.call("POST", "/passholders", token=token, json=wrong)
    assert refusal(answer) == (400, "body/invalid-data")
    assert answer.json()["schemaErrors"][0]["jsonPointer"] == "/registrationPicture"


def test_a_school_is_an_organiser_that_is_a_school(people, token):
    assert refusal(people.get(f"{PERSON}/school", token=token)) == (404, "uitpas/school-not-found")
    put = {"token": token, "json": {"id": ORGANIZER, "name": "ignored"}}
    assert refusal(people.call("PUT", f"{PERSON}/school", **put)) == (400, "uitpas/school-not-found")
    asked = {"token": token, "params": {"schoolId": ORGANIZER}}
    assert refusal(people.get("/passholders", **asked)) == (400, "uitpas/school-not-found")
    with people.database.writing() as session:
        group = PermissionGroup(card_system_id=SYSTEM, name="Scholen", is_school=True)
        session.add(group)
        session.flush()
        session.add(CounterGroup(counter_id=people.counter, group_id=group.id))
    assert people.get("/passholders", **asked).json() == {"totalItems": 0, "member": []}
    assert people.call("PUT", f"{PERSON}/school", **put).status_code == 204
    assert people.get(f"{PERSON}/school", token=token).json()["id"] == ORGANIZER
    for school in (ORGANIZER, "*"):
        found = people.get("/passholders", token=token, params={"schoolId": school}).json()
        assert (found["totalItems"], [one["id"] for one in found["member"]]) == (1, ["1"])
    assert people.call("DELETE", f"{PERSON}/school", token=token).status_code == 204
    assert people.get(f"{PERSON}/school", token=token).status_code == 404
    assert people.call("DELETE", "/passholders/99/school", token=token).status_code == 404
