"""The map: dots where UiTdatabank says the places are, the worst state on top, nothing from elsewhere."""

import time

import pytest
from sqlmodel import select

from server.demo.documents import HALL, LIBRARY
from server.events.importing import EventImport
from server.events.models import PlaceLocation
from server.events.sources import Document
from server.events.udb3 import ImportedEvent, map_event
from server.monitor.map import BELGIUM, WIDTH, _drawn, _Place
from server.monitor.models import KioskWatch


def watch(site, kiosk, state):
    now = int(time.time() * 1000)
    site.report(kiosk)
    with site.database.writing() as session:
        session.merge(KioskWatch(kiosk=kiosk, state=state, heard=now, since=now, due=now + 3_600_000))


def test_the_places_come_with_the_events_and_the_map_shows_how_they_are(any_site):
    watch(any_site, 1, "offline")
    watch(any_site, 2, "ok")
    with any_site.database.reading() as session:
        known = {one.place_id: (one.latitude, one.longitude) for one in session.exec(select(PlaceLocation))}
    assert known[HALL.id] == (HALL.latitude, HALL.longitude)
    any_site.log_in("Karima El Idrissi")
    page = any_site.client.get("/monitor/kaart").text
    assert 'class="place offline"' in page
    assert "UiTPAS Organisatie" in page
    assert "Gent</text>" in page


def test_a_region_without_coordinates_says_how_they_come(site):
    with site.database.writing() as session:
        for one in session.exec(select(PlaceLocation)):
            session.delete(one)
    watch(site, 1, "ok")
    site.log_in("Karima El Idrissi")
    assert "Van geen enkele zuil is de plaats bekend." in site.client.get("/monitor/kaart").text


@pytest.mark.parametrize(
    ("geo", "position"),
    [
        ({"latitude": 51.05, "longitude": 3.72}, (51.05, 3.72)),
        ({"latitude": 0, "longitude": 0}, None),
        ({"latitude": 91, "longitude": 3}, None),
        ({"latitude": "51", "longitude": 3}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_is_no_place_on_earth_is_not_told(geo, position):
    event = map_event(document(geo))
    assert isinstance(event, ImportedEvent)
    assert event.position == position


def document(geo):
    return {
        "@id": "https://io.uitdatabank.be/event/5a0967f9-cc06-4c3c-9206-30481a767434",
        "name": {"nl": "Iets"},
        "calendarType": "permanent",
        "location": {"@id": f"https://io.uitdatabank.be/place/{LIBRARY.id}", "geo": geo},
    }


def test_a_place_that_moves_is_kept_although_its_event_did_not_change(site):
    from datetime import UTC, datetime

    for latitude in (50.9, 50.8):
        running = EventImport(site.database, "test", datetime.now(UTC))
        found = document({"latitude": latitude, "longitude": 4.0})
        list(running.run([Document("one", found)]))
        with site.database.reading() as session:
            assert session.get_one(PlaceLocation, LIBRARY.id).latitude == latitude


def test_every_dot_lies_within_the_map_and_what_is_wrong_on_top():
    places = [
        _Place(49.5 + number / 10, 2.6 + number / 5, f"P{number}", number, ["ok", state])
        for number, state in enumerate(["error", "ok", "offline", "excused", "ok"])
    ]
    for some in (places, places[:1], places[2:3] * 2):
        drawn = _drawn(some, 0)
        assert all(0 < dot.x < WIDTH and 0 < dot.y < drawn.height for dot in drawn.dots)
        assert [dot.wrong > 0 for dot in drawn.dots] == sorted(dot.wrong > 0 for dot in drawn.dots)
    assert [dot.state for dot in _drawn(places, 0).dots][-2:] in (["error", "offline"], ["offline", "error"])
    assert BELGIUM[0] == BELGIUM[-1]
