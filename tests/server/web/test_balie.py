"""The balie: my zuilen, their events, and the zuil that follows."""

import html
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from server.checkins.models import KioskJournal
from server.events.models import Event
from server.feed.models import Change, ChangeKind
from server.kernel.audit import AuditEntry
from server.kiosks.choices import event_choices
from server.kiosks.contact import note_hang_up, note_return
from server.kiosks.models import Kiosk, KioskLive
from server.kiosks.overview import Following, Health, kiosks_of_counter
from shared.domain.zones import to_millis

MUSIC = "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11"
FILM = "c81e4a3d-0b6f-4e92-a7d5-3f6b8c0d1e13"
PUPPETS = "373d6cee-b4ae-4637-9b7c-eeb79e45f044"
TEST_COUNTER = 1


def choose(site, event, kiosk=1):
    return site.client.post(f"/balie/zuilen/{kiosk}/activiteit", data={"event_id": event})


def view_of(site, number=1):
    with site.database.reading() as session:
        views = kiosks_of_counter(session, TEST_COUNTER, datetime.now(UTC))
        return next(view for view in views if view.number == number)


def test_a_counter_sees_its_own_zuilen_with_the_event_that_the_zuil_shows(any_site):
    any_site.log_in("Bram Wouters")
    any_site.report(1, event=MUSIC)
    page = any_site.client.get("/balie").text
    assert "Zuil inkomhal" in page
    assert "Muziekinstuif voor iedereen" in page
    assert "Deze zuil heeft zich nog niet gemeld." in page


def test_a_chosen_event_goes_to_the_zuil_and_into_the_audit_trail(any_site):
    any_site.log_in("Bram Wouters")
    answer = choose(any_site, MUSIC)
    assert answer.headers["location"] == "/balie/zuilen/1"
    assert any_site.kiosk("Zuil inkomhal").manual_event_id == MUSIC
    with any_site.database.reading() as session:
        newest = session.exec(select(Change).order_by(Change.id.desc())).first()
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "choose-event")).one()
    assert (newest.kind, newest.keys) == (ChangeKind.CONFIG, ["1"])
    assert (entry.subject_id, entry.counter_id, entry.detail) == ("1", TEST_COUNTER, {"event": MUSIC})


def test_automatic_takes_the_choice_away(site):
    site.log_in("Bram Wouters")
    choose(site, MUSIC)
    choose(site, "")
    assert site.kiosk("Zuil inkomhal").manual_event_id is None


def test_an_event_of_another_counter_cannot_be_put_on_a_zuil(site):
    site.log_in("Bram Wouters")
    answer = choose(site, PUPPETS)
    assert answer.status_code == 403
    assert "niet van jouw balie" in answer.text
    assert site.kiosk("Zuil inkomhal").manual_event_id is None


@pytest.mark.parametrize("path", ["/balie/zuilen/1", "/balie/zuilen/99"])
def test_a_zuil_of_another_counter_is_not_there(site, path):
    site.log_in("Ann Peeters", "Bibliotheek De Sleutel")
    assert site.client.get(path).status_code == 404
    assert site.client.post(f"{path}/activiteit", data={"event_id": ""}).status_code == 404


def test_events_that_are_open_come_first_then_those_of_today_then_later(site):
    with site.database.reading() as session:
        choices = event_choices(session, [TEST_COUNTER], "", datetime.now(UTC))
    order = [(not choice.is_open, not choice.is_today) for choice in choices]
    assert order == sorted(order)
    assert [choice.event.id for choice in choices if not choice.is_open] == [FILM]


def test_an_event_that_is_over_cannot_be_chosen_any_more(site):
    later = datetime.now(UTC) + timedelta(days=400)
    with site.database.reading() as session:
        left = {choice.event.id for choice in event_choices(session, [TEST_COUNTER], "", later)}
    assert MUSIC not in left
    assert FILM not in left


@pytest.mark.parametrize(
    ("words", "count"), [("muziek", 1), ("GROTE zaal", 4), ("musical après", 1), ("bestaat niet", 0)]
)
def test_searching_looks_in_titles_of_every_language_organiser_and_place(site, words, count):
    with site.database.reading() as session:
        assert len(event_choices(session, [TEST_COUNTER], words, datetime.now(UTC))) == count


def test_a_search_that_finds_nothing_says_what_to_do(site):
    site.log_in("Bram Wouters")
    page = html.unescape(site.client.get("/balie/zuilen/1?zoek=<b>").text)
    assert "Geen activiteit gevonden met “<b>”. Zoek met een ander woord." in page


def test_a_cancelled_event_is_not_offered(site):
    with site.database.writing() as session:
        session.get_one(Event, MUSIC).status = "cancelled"
    with site.database.reading() as session:
        choices = event_choices(session, [TEST_COUNTER], "", datetime.now(UTC))
    assert MUSIC not in {choice.event.id for choice in choices}


def test_the_page_shows_how_far_the_choice_has_come(site):
    site.log_in("Bram Wouters")
    site.report(1, event=FILM)
    assert view_of(site).following is Following.AUTOMATIC
    assert "Automatisch staat aan" in site.client.get("/balie/zuilen/1").text
    choose(site, MUSIC)
    assert view_of(site).following is Following.ON_ITS_WAY
    assert '<noscript> <a href="">Kijk opnieuw</a></noscript>' in site.client.get("/balie/zuilen/1").text
    assert "We geven het door aan de zuil…" in site.client.get("/balie/zuilen/1").text
    site.report(1, event=MUSIC)
    assert view_of(site).following is Following.SHOWN
    assert "De zuil volgt" in site.client.get("/balie/zuilen/1").text


def test_a_choice_for_later_says_that_the_zuil_chooses_until_then(site):
    site.log_in("Bram Wouters")
    site.report(1, event=MUSIC)
    choose(site, FILM)
    assert view_of(site).following is Following.OUTSIDE_WINDOW


def test_a_zuil_out_of_reach_follows_later(site):
    site.log_in("Bram Wouters")
    site.report(1, event=FILM, last_contact=datetime.now(UTC) - timedelta(hours=1))
    choose(site, MUSIC)
    assert view_of(site).following is Following.OUT_OF_REACH


@pytest.mark.parametrize(
    ("minutes", "state", "heartbeat", "health"),
    [
        (0, "active", {}, Health.FINE),
        (1.9, "active", {}, Health.FINE),
        (2.1, "active", {}, Health.LATE),
        (16, "active", {}, Health.SILENT),
        (0, "active", {"reader": "away"}, Health.FAULT),
        (0, "active", {"faults": ["journal"]}, Health.FAULT),
        (0, "blocked", {}, Health.BLOCKED),
        (0, "new", {}, Health.NEW),
    ],
)
def test_the_health_of_a_zuil(site, minutes, state, heartbeat, health):
    contact = datetime.now(UTC) - timedelta(minutes=minutes)
    site.report(1, last_contact=contact, heartbeat=heartbeat)
    with site.database.writing() as session:
        session.get_one(Kiosk, 1).state = state
    assert view_of(site).health is health


def test_a_zuil_whose_stream_closed_is_not_connected_from_that_moment_on(any_site):
    any_site.report(1, event=FILM)
    note_hang_up(any_site.database, 1)
    assert view_of(any_site).health is Health.GONE
    any_site.log_in("Bram Wouters")
    assert "Verbinding weg sinds" in any_site.client.get("/balie").text
    note_return(any_site.database, 1)
    assert view_of(any_site).health is Health.FINE


@pytest.mark.parametrize(
    ("uploaded", "hung_up", "contact"),
    [(None, None, 600), (30, None, 30), (900, None, 600), (None, 570, 570), (None, 20, 540), (30, 570, 30)],
    ids=["a heartbeat", "an upload", "an older one", "a stream that closed", "a line that died", "both"],
)
def test_the_last_contact_is_whatever_was_heard_last(site, uploaded, hung_up, contact):
    now = datetime.now(UTC)

    def ago(seconds):
        return None if seconds is None else now - timedelta(seconds=seconds)

    site.report(1, last_contact=ago(600), hung_up=ago(hung_up))
    with site.database.writing() as session:
        session.add(KioskJournal(kiosk=1, received=uploaded and to_millis(ago(uploaded))))
    last = view_of(site).last_contact
    assert abs(last - ago(contact)) < timedelta(seconds=0.01)


def test_what_the_server_has_received_is_not_waiting_any_more(site):
    site.report(1, queue=3, heartbeat={"last_seq": 9})
    assert view_of(site).waiting == 3
    with site.database.writing() as session:
        session.add(KioskJournal(kiosk=1, top_seq=9))
    assert view_of(site).waiting == 0


def test_a_zuil_that_was_never_heard_has_no_live_state(site):
    with site.database.reading() as session:
        assert session.get(KioskLive, 1) is None
    assert view_of(site).waiting == 0
    assert view_of(site).faults == ()
