"""A KSB chooses the event of a zuil, as its counter can."""

import pytest
from sqlmodel import select

from server.feed.models import Change, ChangeKind
from server.kernel.audit import AuditEntry

HERE = "/dashboard/zuilen/1/activiteit"
MUSIC = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
PUPPETS = "373d6cee-b4ae-4637-9b7c-eeb79e45f044"


def as_ksb(site):
    site.report(1)
    site.log_in("Karima El Idrissi")
    return site


@pytest.fixture
def ksb(site):
    return as_ksb(site)


def test_a_ksb_puts_an_event_on_a_zuil_and_leaves_the_choice_to_it_again(any_site):
    ksb = as_ksb(any_site)
    assert HERE in ksb.client.get("/dashboard/zuilen/1").text
    assert "Muziekinstuif" in ksb.client.get(HERE).text
    answer = ksb.client.post(HERE, data={"event_id": MUSIC})
    assert answer.headers["location"] == HERE
    assert ksb.kiosk("Zuil inkomhal").manual_event_id == MUSIC
    page = ksb.client.get(HERE).text
    assert 'data-following="on-its-way"' in page
    ksb.report(1, event=MUSIC)
    assert 'data-following="shown"' in ksb.client.get(HERE).text
    ksb.client.post(HERE, data={"event_id": ""})
    assert ksb.kiosk("Zuil inkomhal").manual_event_id is None
    with ksb.database.reading() as session:
        newest = session.exec(select(Change).order_by(Change.id.desc())).first()
        entries = session.exec(select(AuditEntry).where(AuditEntry.action == "choose-event")).all()
    assert (newest.kind, newest.keys) == (ChangeKind.CONFIG, ["1"])
    assert [entry.detail for entry in sorted(entries, key=lambda entry: entry.id)] == [
        {"event": MUSIC},
        {"event": None},
    ]


def test_the_search_is_that_of_a_counter(ksb):
    assert "Muziekinstuif" in ksb.client.get(HERE, params={"zoek": "GROTE zaal"}).text
    nothing = ksb.client.get(HERE, params={"zoek": "bestaat niet"}).text
    assert "Geen activiteit gevonden met “bestaat niet”" in nothing


def test_an_event_of_no_counter_of_the_zuil_is_refused(ksb):
    assert ksb.client.post(HERE, data={"event_id": PUPPETS}).status_code == 403
    assert ksb.kiosk("Zuil inkomhal").manual_event_id is None


def test_a_technician_does_not_choose_events_and_a_strange_zuil_is_not_there(ksb):
    assert ksb.client.get("/dashboard/zuilen/999/activiteit").status_code == 404
    ksb.log_in("Tom Goossens")
    assert ksb.client.get(HERE).status_code == 403
    assert (
        "activiteit"
        not in ksb.client.get("/dashboard/zuilen/1")
        .text.partition("data-confirmed")[0]
        .partition('id="activiteit"')[1]
    )
