"""Pictures and schools of pashouders on the pages."""

import io

import pytest
from PIL import Image
from sqlmodel import select

from server.cardsystems.groups import groups_of
from server.counters.models import Counter, CounterGroup
from server.kernel.audit import AuditEntry

from .test_pashouders import EVE, HERE, counter, in_drawer

assert counter, "a fixture"
MIRA = "0900000095902"


def picture():
    out = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(out, "JPEG")
    return {"chosen": ("ik.jpg", out.getvalue())}


def page_of(site, number=MIRA):
    return site.client.post(f"{HERE}/zoek", data={"text": number}).headers["location"]


def test_a_picture_is_added_shown_and_removed(counter):
    page = page_of(counter)
    assert "foto.jpg" not in counter.client.get(page).text
    assert counter.client.post(f"{page}/foto", files=picture()).status_code == 303
    assert 'alt="Foto van Mira"' in counter.client.get(page).text
    shown = counter.client.get(f"{page}/foto.jpg")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert counter.client.post(f"{page}/foto-weg").status_code == 303
    assert counter.client.get(f"{page}/foto.jpg").status_code == 404
    with counter.database.reading() as session:
        pictures = AuditEntry.action.endswith("-picture")
        deeds = session.exec(select(AuditEntry).where(pictures).order_by(AuditEntry.id)).all()
    assert [one.action for one in deeds] == ["put-picture", "drop-picture"]
    assert all(one.staff_id and one.counter_id for one in deeds)


@pytest.mark.parametrize("files", [{}, {"chosen": ("a.pdf", b"%PDF")}])
def test_what_is_no_picture_is_said_at_the_field(counter, files):
    answer = counter.client.post(f"{page_of(counter)}/foto", files=files or {"chosen": ("", b"")})
    assert answer.status_code == 422
    assert "Kies een foto: een JPEG" in answer.text


def test_a_picture_may_come_with_the_registration(counter):
    form = EVE | {"card": in_drawer(counter)}
    seen = counter.client.post(f"{HERE}/registreren", data=form)
    assert 'name="chosen"' in seen.text
    wrong = counter.client.post(
        f"{HERE}/registreren", data=form | {"sure": "yes"}, files={"taken": ("a.jpg", b"no")}
    )
    assert (wrong.status_code, "Klopt dit?" in wrong.text) == (422, True)
    made = counter.client.post(f"{HERE}/registreren", data=form | {"sure": "yes"}, files=picture())
    page = made.headers["location"].split("?")[0]
    assert counter.client.get(f"{page}/foto.jpg").status_code == 200
    with counter.database.reading() as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.action == "put-picture"))
        assert entry.subject_id == page.rpartition("/")[2]


def test_a_counter_that_does_not_look_after_somebody_sees_no_picture(counter):
    page = page_of(counter)
    counter.client.post(f"{page}/foto", files=picture())
    counter.log_in("Ann Peeters", "Theater")
    assert "foto.jpg" not in counter.client.get(page).text
    assert counter.client.get(f"{page}/foto.jpg").status_code == 403
    assert counter.client.post(f"{page}/foto", files=picture()).status_code == 403


def test_a_school_is_chosen_and_its_pupils_are_listed_for_the_ksb(counter):
    page = page_of(counter)
    assert "School kiezen" not in counter.client.get(page).text
    with counter.database.writing() as session:
        school = session.exec(select(Counter.id).order_by(Counter.id.desc())).first()
        group = next(one.id for one in groups_of(session, [5]) if one.is_school)
        session.add(CounterGroup(counter_id=school, group_id=group))
    assert "School kiezen" in counter.client.get(page).text
    assert counter.client.post(f"{page}/school", data={"school": 999}).status_code == 404
    for done in ("bewaard", "hetzelfde"):
        answer = counter.client.post(f"{page}/school", data={"school": school})
        assert answer.headers["location"].endswith(done)
    counter.log_in("Karima El Idrissi")
    assert "1 leerling" in counter.client.get("/dashboard/pashouders/5/scholen").text
    assert "Mira Demeester" in counter.client.get(f"/dashboard/pashouders/5/scholen/{school}").text
    assert counter.client.get("/dashboard/pashouders/5/scholen/999").status_code == 404


def test_a_note_is_written_for_the_counters(counter):
    page = page_of(counter)
    for done in ("bewaard", "hetzelfde"):
        answer = counter.client.post(f"{page}/nota", data={"note": " Komt met tolk. "})
        assert answer.headers["location"].endswith(done)
    assert "Komt met tolk." in counter.client.get(page).text
    counter.log_in("Ann Peeters", "Theater")
    assert "Komt met tolk." not in counter.client.get(page).text
    assert counter.client.post(f"{page}/nota", data={"note": ""}).status_code == 403
