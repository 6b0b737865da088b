"""The map: dots where UiTdatabank says the places are, the worst state on top, nothing from elsewhere."""

import math
import re
from itertools import combinations

import pytest
from sqlmodel import select

from server.demo.documents import HALL, LIBRARY
from server.events.importing import EventImport
from server.events.models import PlaceLocation
from server.events.sources import Document
from server.events.udb3 import ImportedEvent, map_event
from server.monitor.labels import name_box
from server.monitor.map import BELGIUM, NARROW, WIDE, _Place, drawn


def test_the_places_come_with_the_events_and_the_map_shows_how_they_are(any_site):
    any_site.watch(1, "offline")
    any_site.watch(2, "ok")
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
    site.watch(1, "ok")
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


def places_like(count, *, step):
    states = ["error", "ok", "offline", "excused", "ok"]
    return [
        _Place(51.0 + n * step, 3.7 + n * step, f"Gemeenschapscentrum {n}", n, ["ok", states[n % 5]])
        for n in range(count)
    ]


@pytest.mark.parametrize("sheet", [WIDE, NARROW])
@pytest.mark.parametrize("step", [0.0, 0.0005, 0.02, 0.2])
@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_dots_and_names_lie_within_the_sheet_and_over_nothing_else(sheet, step, count):
    found = drawn(places_like(count, step=step), sheet)
    assert all(
        dot.radius <= dot.x <= sheet.width - dot.radius and dot.radius <= dot.y <= found.height - dot.radius
        for dot in found.dots
    )
    for one, other in combinations(found.dots, 2):
        assert math.dist((one.x, one.y), (other.x, other.y)) >= 0.9 * (one.radius + other.radius)
    boxes = [name_box(dot.said, dot.label, sheet.size) for dot in found.dots if dot.label]
    boxes += [name_box(one.text, one.label, sheet.size) for one in found.pointers]
    assert not [pair for pair in combinations(boxes, 2) if pair[0].hits(pair[1])]
    assert all(box.within(sheet.width, found.height) for box in boxes)
    assert [dot.wrong > 0 for dot in found.dots] == sorted(dot.wrong > 0 for dot in found.dots)
    assert BELGIUM[0] == BELGIUM[-1]


def test_a_map_of_places_near_each_other_says_where_it_is_and_how_large():
    near = [_Place(51.054 + n / 500, 3.725, f"P{n}", n, ["ok"]) for n in range(3)]
    found = drawn(near, WIDE)
    assert found.scale.km in {0.5, 1, 2}
    assert found.scale.length <= WIDE.width / 5
    assert len(found.pointers) >= 2
    assert all(re.fullmatch("[←↖↑↗→↘↓↙] .+ [0-9]+ km", one.text) for one in found.pointers)
    assert all(dot.label for dot in found.dots)


def test_the_whole_country_needs_no_pointers_and_a_crowd_no_names():
    crowd = [_Place(49.6 + n % 20 / 11, 2.6 + n / 40, f"P{n}", n, ["ok"]) for n in range(120)]
    found = drawn(crowd, WIDE)
    assert not found.pointers
    assert not any(dot.label for dot in found.dots)
    assert len(found.towns) > 5
