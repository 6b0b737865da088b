"""Points and check-in limit of an event (rules 3.8-3.10, 3.13)."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlmodel import select

from fakes.station import Station
from server.events.models import Event
from server.events.settings import coming_start
from server.feed.models import Change
from server.kernel.audit import AuditEntry
from shared.domain.zones import to_millis
from shared.wire.mapping import calendar_from_message
from shared.wire.messages import CalendarMessage, SpanMessage

from .test_card_systems import forget, told

HERE = "/dashboard/instellingen/activiteiten"
PUPPETS = "373d6cee-b4ae-4637-9b7c-eeb79e45f044"
DANCE = "Dansles"
NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def event_named(site, title):
    with site.database.reading() as session:
        return next(event for event in session.exec(select(Event)) if title in event.titles["nl"])


def end(site, event_id):
    """Have an event be over since an hour: its points can still be saved, its settings are fixed."""
    now = datetime.now(UTC)
    span = SpanMessage(start=to_millis(now - timedelta(hours=3)), end=to_millis(now - timedelta(hours=1)))
    with site.database.writing() as session:
        calendar = CalendarMessage(kind="single", spans=[span])
        session.get_one(Event, event_id).calendar = msgspec.to_builtins(calendar)


def test_an_event_is_found_by_words_of_its_title_and_place(any_site):
    any_site.log_in("Karima El Idrissi")
    page = any_site.client.get(HERE, params={"zoek": "lantaarn POPPEN"}).text
    assert "Poppentheater voor kleuters" in page
    assert DANCE not in page
    assert "1 punt" in page
    assert "1 keer per dag" in page
    assert "Geen activiteit gevonden" in any_site.client.get(HERE, params={"zoek": "zzz"}).text


def test_the_default_is_shown_beside_what_was_chosen(site):
    site.log_in("Karima El Idrissi")
    page = site.client.get(f"{HERE}/{PUPPETS}").text
    assert "Zoals gewoonlijk: 1 keer per dag" in page
    assert "Gewoonlijk 1." in page
    assert "Dit geldt in elk kaartsysteem van deze activiteit: UiTPAS Gent." in page


def test_points_and_limit_reach_the_zuilen_and_the_audit_trail(any_site):
    event = event_named(any_site, DANCE)
    station = Station(any_site.client, any_site.codes["Zuil inkomhal"])
    station.follow()
    version = station.config.version
    any_site.log_in("Karima El Idrissi")
    forget(any_site)
    form = {"points": "3", "own": "yes", "volume": "2", "period": "WEEK"}
    answer = any_site.client.post(f"{HERE}/{event.id}", data=form)
    assert answer.headers["location"].endswith("gelukt=zuilen")
    assert told(any_site) == {1, 2}
    station.follow()
    now = next(one for one in station.config.events if one.id == event.id)
    assert station.config.version != version
    assert (now.points, tuple(now.limit)) == (3, (2, "WEEK"))
    with any_site.database.reading() as session:
        deed = session.exec(select(AuditEntry).where(AuditEntry.subject_kind == "event")).one()
    assert deed.detail == {
        "before": {"points": 1, "limit": None},
        "after": {"points": 3, "limit": "2 WEEK"},
    }


def test_a_limit_goes_back_to_the_default(site):
    event = event_named(site, DANCE)
    site.log_in("Karima El Idrissi")
    site.client.post(f"{HERE}/{event.id}", data={"points": "1", "own": "yes", "volume": "5", "period": "DAY"})
    site.client.post(f"{HERE}/{event.id}", data={"points": "1", "own": "", "volume": "5", "period": "DAY"})
    now = event_named(site, DANCE)
    assert (now.points, now.limit_volume, now.limit_period) == (1, None, None)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"points": "0"}, "points"),
        ({"points": "101"}, "points"),
        ({"points": "twee"}, "points"),
        ({"points": "²"}, "points"),
        ({"volume": ""}, "volume"),
        ({"volume": "0"}, "volume"),
        ({"period": "EEUW"}, "period"),
    ],
)
def test_each_mistake_has_its_sentence_and_nothing_typed_is_lost(site, changed, field):
    site.log_in("Karima El Idrissi")
    form = {"points": "7", "own": "yes", "volume": "4", "period": "MONTH"} | changed
    answer = site.client.post(f"{HERE}/{PUPPETS}", data=form)
    assert answer.status_code == 422
    assert f'id="{field}-fout"' in answer.text
    assert answer.text.count('class="field-error"') == 1
    assert f'value="{form["points"]}"' in answer.text
    assert f'value="{form["volume"]}"' in answer.text


def test_nothing_changes_after_the_event_has_ended(any_site):
    any_site.log_in("Karima El Idrissi")
    end(any_site, PUPPETS)
    answer = any_site.client.post(f"{HERE}/{PUPPETS}", data={"points": "9"})
    assert answer.status_code == 422
    assert "Deze activiteit is voorbij." in answer.text
    page = any_site.client.get(f"{HERE}/{PUPPETS}").text
    assert "Deze activiteit is voorbij." in page
    assert 'name="points"' not in page
    with any_site.database.reading() as session:
        assert session.get_one(Event, PUPPETS).points == 1
        assert session.exec(select(AuditEntry).where(AuditEntry.subject_kind == "event")).all() == []


def test_an_event_of_another_card_system_is_not_found(site):
    site.log_in("Ada Janssens")
    site.client.post(
        "/dashboard/instellingen/kaartsystemen/5", data={"name": "UiTPAS Gent", "labels": "uitpas-x"}
    )
    site.client.post(
        "/dashboard/instellingen/kaartsystemen/1", data={"name": "UiTPAS Dender", "labels": "uitpas-gent"}
    )
    site.log_in("Karima El Idrissi")
    assert site.client.get(f"{HERE}/{PUPPETS}").status_code == 404
    assert "Poppentheater" not in site.client.get(HERE).text


def test_saving_what_held_already_tells_no_zuil(site):
    site.log_in("Karima El Idrissi")
    forget(site)
    answer = site.client.post(f"{HERE}/{PUPPETS}", data={"points": "1"})
    assert answer.headers["location"].endswith("gelukt=hetzelfde")
    with site.database.reading() as session:
        assert session.exec(select(Change).where(Change.kind == "config")).all() == []


@pytest.mark.parametrize(
    ("minutes_to_end", "has_ended"), [(1, False), (0, True), (-1, True), (-4 * 60, True), (60 * 24, False)]
)
def test_an_event_has_ended_at_its_end_though_points_can_still_be_saved(minutes_to_end, has_ended):
    ends = NOW + timedelta(minutes=minutes_to_end)
    span = SpanMessage(start=to_millis(ends - timedelta(hours=2)), end=to_millis(ends))
    calendar = calendar_from_message(CalendarMessage(kind="single", spans=[span]))
    assert (coming_start(calendar, NOW) is None) == has_ended


def test_between_two_days_of_an_event_it_has_not_ended():
    first, second = NOW - timedelta(days=3), NOW + timedelta(days=30)
    spans = [
        SpanMessage(start=to_millis(at), end=to_millis(at + timedelta(hours=1))) for at in (first, second)
    ]
    calendar = calendar_from_message(CalendarMessage(kind="multiple", spans=spans))
    assert coming_start(calendar, NOW) == second
