"""The logbook: who did what to what and when, as far as one may see it."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from server.kernel.audit import AuditEntry, record
from server.logbook.reading import PAGE, Wanted, read_entries
from server.staff.models import Staff

HERE = "/dashboard/logboek"


def staff_id(site, name):
    with site.database.reading() as session:
        return session.exec(select(Staff.id).where(Staff.name == name)).one()


def note(site, action, kind, subject, *, at=None, **fields):
    with site.database.writing() as session:
        record(session, action, kind, subject, **fields)
        if at is not None:
            session.flush()
            entry = session.exec(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
            entry.at = at


def actions(page):
    return re.findall(r'data-action="([^"]+)"', page)


def test_a_choice_shows_the_title_or_automatic_and_no_id(site):
    site.log_in("Bram Wouters")
    music = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
    for event in (music, ""):
        site.client.post("/balie/zuilen/1/activiteit", data={"event_id": event})
    note(site, "read", "card", "differences")
    site.log_in("Ada Janssens")
    page = site.client.get(HERE).text
    assert "activiteit: Muziekinstuif voor iedereen" in page
    assert "activiteit: automatisch" in page
    assert music not in page
    assert ">differences<" not in page


def test_a_deed_shows_who_did_what_to_what(any_site):
    any_site.log_in("Karima El Idrissi")
    any_site.client.post("/dashboard/zuilen/1/blokkeren", data={"sure": "yes"})
    page = any_site.client.get(HERE).text
    first = page.split('data-action="block"')[1].split("</tr>")[0]
    for shown in ("Karima El Idrissi", "blokkeerde", "Zuil inkomhal", "vandaag om"):
        assert shown in first


def test_a_ksb_sees_the_deeds_of_the_own_card_system_only(any_site):
    bram = staff_id(any_site, "Bram Wouters")
    note(any_site, "choose-event", "kiosk", 1, staff_id=bram, counter_id=1)
    note(any_site, "change", "card_system", 3)
    note(any_site, "block", "kiosk", 99)
    note(any_site, "check-in", "checkin", "x1", staff_id=bram, counter_id=1)
    note(any_site, "check-in", "checkin", "x2", counter_id=99)
    any_site.log_in("Karima El Idrissi")
    seen = actions(any_site.client.get(HERE).text)
    assert "choose-event" in seen
    assert seen.count("check-in") == 1
    assert not {"change", "block"} & set(seen)
    any_site.log_in("Ada Janssens")
    assert {"change", "block"} <= set(actions(any_site.client.get(HERE).text))


def test_who_looked_at_data_of_persons_is_in_it_without_their_numbers(any_site):
    karima = staff_id(any_site, "Karima El Idrissi")
    note(any_site, "read", "card", "differences", staff_id=karima, detail={"cards": ["0945000057915"]})
    any_site.log_in("Karima El Idrissi")
    page = any_site.client.get(HERE, params={"soort": "card"}).text
    assert actions(page) == ["read"]
    assert "bekeek gegevens van personen" in page
    assert "kaarten: 1" in page
    assert "0945000057915" not in page
    assert actions(any_site.client.get(HERE, params={"over": "0945000057915"}).text) == ["read"]


def test_it_is_filtered_by_person_subject_and_word(any_site):
    bram, tom = staff_id(any_site, "Bram Wouters"), staff_id(any_site, "Tom Goossens")
    note(any_site, "choose-event", "kiosk", 1, staff_id=bram)
    note(any_site, "make-enrolment-code", "kiosk", 2, staff_id=tom)
    any_site.log_in("Ada Janssens")

    def found(**asked):
        return actions(any_site.client.get(HERE, params=asked).text)

    assert found(persoon=bram) == ["choose-event"]
    assert found(persoon=tom, soort="kiosk", over="2") == ["make-enrolment-code"]
    assert found(persoon=tom, over="1") == []
    assert set(found(persoon="systeem")) == {"create", "make-enrolment-code", "make-prices"}
    assert "login" in found(persoon=staff_id(any_site, "Ada Janssens"), soort="staff")


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [(-1, -1, 1), (-1, 0, 2), (0, None, 1), (None, -2, 1), (None, None, 3)],
)
def test_it_is_filtered_by_day_in_brussels(any_site, first, last, count):
    midday = datetime(2026, 3, 10, 22, 59, tzinfo=UTC)  # still the tenth in Brussels
    for days in (-2, -1, 0):
        note(any_site, "block", "kiosk", 77, at=midday + timedelta(days=days))
    day = date(2026, 3, 10)
    wanted = Wanted(
        kind="kiosk",
        about="77",
        first=None if first is None else day + timedelta(days=first),
        last=None if last is None else day + timedelta(days=last),
    )
    with any_site.database.reading() as session:
        assert len(read_entries(session, None, wanted)) == count


def test_a_day_that_is_none_is_said_and_kept(site):
    site.log_in("Ada Janssens")
    answer = site.client.get(HERE, params={"van": "gisteren", "over": "zuil"})
    assert answer.status_code == 422
    assert "Dit is geen datum." in answer.text
    assert 'value="gisteren"' in answer.text
    assert 'value="zuil"' in answer.text


def test_older_deeds_are_on_the_next_page(any_site):
    for place in range(PAGE + 5):
        note(any_site, "block", "kiosk", 77, detail={"place": place})
    any_site.log_in("Ada Janssens")
    page = any_site.client.get(HERE, params={"over": "77"}).text
    assert len(actions(page)) == PAGE
    older = re.search(r'href="(/dashboard/logboek\?[^"]+voor=[^"]+)"', page).group(1).replace("&amp;", "&")
    assert len(actions(any_site.client.get(older).text)) == 5


@pytest.mark.parametrize("asked", [{"persoon": "x"}, {"soort": "x"}, {"voor": "x"}, {"over": "%_'"}])
def test_a_filter_that_means_nothing_breaks_nothing(any_site, asked):
    any_site.log_in("Ada Janssens")
    assert any_site.client.get(HERE, params=asked).status_code == 200
