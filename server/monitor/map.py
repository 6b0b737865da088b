"""The map: every place with zuilen as a dot, drawn by us from the coordinates UiTdatabank gives.

No tiles of anyone: the shape of Belgium below is a sketch, so that people see where they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlmodel import Session, col

from server.counters.models import Counter
from server.events.models import PlaceLocation
from server.kiosks.finding import in_reach
from server.kiosks.models import Kiosk, KioskCounter
from server.monitor.board import EXCUSED, GRAVITY
from server.monitor.models import KioskWatch
from shared.domain.watching import State

WIDTH: Final = 1_000
_MARGIN: Final = 0.12
_LEAST_DEGREES: Final = 0.12
_MOST_HEIGHT: Final = 760
_LEAST_HEIGHT: Final = 420
_FEW: Final = 14
"""Up to so many places each has its name beside it."""

BELGIUM: Final = (
    *((2.55, 51.09), (2.92, 51.23), (3.20, 51.34), (3.37, 51.37), (3.43, 51.25), (3.59, 51.30)),
    *((3.80, 51.21), (4.00, 51.24), (4.23, 51.34), (4.30, 51.38), (4.41, 51.36), (4.42, 51.46)),
    *((4.54, 51.48), (4.67, 51.43), (4.83, 51.49), (4.85, 51.42), (5.04, 51.48), (5.13, 51.32)),
    *((5.24, 51.27), (5.47, 51.29), (5.56, 51.22), (5.84, 51.16), (5.78, 51.06), (5.73, 50.93)),
    *((5.64, 50.85), (5.69, 50.76), (6.02, 50.755), (6.19, 50.63), (6.27, 50.50), (6.40, 50.33)),
    *((6.17, 50.23), (6.13, 50.13), (5.98, 50.17), (5.74, 49.90), (5.75, 49.79), (5.90, 49.66)),
    *((5.82, 49.55), (5.47, 49.50), (5.31, 49.61), (4.99, 49.80), (4.86, 49.79), (4.85, 50.14)),
    *((4.69, 50.00), (4.45, 49.94), (4.14, 49.98), (4.20, 50.14), (4.15, 50.28), (4.02, 50.35)),
    *((3.67, 50.33), (3.60, 50.49), (3.28, 50.53), (3.20, 50.71), (3.12, 50.79), (2.90, 50.70)),
    *((2.65, 50.82), (2.60, 50.95), (2.55, 51.09)),
)
"""Longitude and latitude around the country, to a few kilometres."""

TOWNS: Final = (
    *(("Gent", 51.054, 3.725), ("Antwerpen", 51.219, 4.402), ("Brussel", 50.847, 4.352)),
    *(("Brugge", 51.209, 3.225), ("Leuven", 50.879, 4.701), ("Hasselt", 50.931, 5.338)),
    *(("Oostende", 51.230, 2.916), ("Kortrijk", 50.828, 3.265), ("Turnhout", 51.323, 4.945)),
    *(("Mechelen", 51.026, 4.478), ("Aalst", 50.938, 4.041), ("Sint-Niklaas", 51.165, 4.143)),
    *(("Roeselare", 50.945, 3.124), ("Genk", 50.965, 5.502), ("Dendermonde", 51.028, 4.101)),
    *(("Lokeren", 51.104, 3.991), ("Oudenaarde", 50.846, 3.605), ("Eeklo", 51.187, 3.557)),
    *(("Deinze", 50.982, 3.531), ("Ieper", 50.851, 2.885), ("Knokke", 51.345, 3.287)),
    *(("Lier", 51.131, 4.570), ("Geel", 51.162, 4.990), ("Tongeren", 50.781, 5.465)),
    *(("Sint-Truiden", 50.816, 5.187), ("Diest", 50.984, 5.051), ("Halle", 50.734, 4.237)),
    *(("Ninove", 50.835, 4.025), ("Zottegem", 50.870, 3.810), ("Wetteren", 51.005, 3.884)),
    *(("Namen", 50.467, 4.872), ("Luik", 50.633, 5.567), ("Bergen", 50.454, 3.952)),
)
"""Names to find one's way by, with latitude and longitude."""


@dataclass(frozen=True)
class Dot:
    """A place: how many zuilen, the worst state among them, and the counter to look at."""

    x: float
    y: float
    radius: float
    name: str
    counter: int
    zuilen: int
    wrong: int
    state: str


@dataclass(frozen=True)
class Map:
    """What to draw.

    land: points of an SVG polygon. towns: x, y and name. nowhere: how many zuilen have no known place.
    """

    height: int
    land: str
    towns: Sequence[tuple[float, float, str]]
    dots: Sequence[Dot]
    is_named: bool
    nowhere: int


@dataclass
class _Place:
    latitude: float
    longitude: float
    name: str
    counter: int
    states: list[str]


def read_map(session: Session, reach: int | None) -> Map:
    """Return the map of the zuilen within reach."""
    places: dict[str, _Place] = {}
    placed: set[int] = set()
    seen: set[int] = set()
    for row in session.execute(_zuilen(reach)):
        seen.add(row.number)
        if row.latitude is None or row.number in placed:
            continue
        placed.add(row.number)
        place = places.setdefault(
            row.place_id, _Place(row.latitude, row.longitude, row.counter_name, row.counter_id, [])
        )
        place.states.append(EXCUSED if row.excuse and row.state != State.OK else row.state)
    return _drawn(list(places.values()), len(seen) - len(placed))


def _zuilen(reach: int | None) -> Any:  # noqa: ANN401 - a query of many columns
    return (
        select(
            col(Kiosk.number),
            col(KioskWatch.state),
            col(KioskWatch.excuse),
            col(Counter.id).label("counter_id"),
            col(Counter.name).label("counter_name"),
            col(PlaceLocation.place_id),
            col(PlaceLocation.latitude),
            col(PlaceLocation.longitude),
        )
        .join(KioskWatch, col(KioskWatch.kiosk) == col(Kiosk.number))
        .outerjoin(KioskCounter, col(KioskCounter.kiosk) == col(Kiosk.number))
        .outerjoin(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .outerjoin(PlaceLocation, col(PlaceLocation.place_id) == col(Counter.place_id))
        .where(*in_reach(reach))
        .order_by(col(Kiosk.number), col(Counter.id))
    )


def _drawn(places: Sequence[_Place], nowhere: int) -> Map:
    if not places:
        return Map(_LEAST_HEIGHT, "", (), (), is_named=False, nowhere=nowhere)
    west, east = _span(place.longitude for place in places)
    south, north = _span(place.latitude for place in places)
    # A degree of longitude is shorter than one of latitude, the more so the further north.
    squeeze = math.cos(math.radians((south + north) / 2))
    scale = min(WIDTH / ((east - west) * squeeze), _MOST_HEIGHT / (north - south))
    height = round(max(_LEAST_HEIGHT, (north - south) * scale))
    left = (WIDTH - (east - west) * squeeze * scale) / 2
    top = (height - (north - south) * scale) / 2

    def at(longitude: float, latitude: float) -> tuple[float, float]:
        return (
            round(left + (longitude - west) * squeeze * scale, 1),
            round(top + (north - latitude) * scale, 1),
        )

    dots = [_dot(place, *at(place.longitude, place.latitude)) for place in places]
    # What is wrong lies on top.
    dots.sort(key=lambda dot: (dot.wrong > 0, -dot.zuilen))
    land = " ".join("{},{}".format(*at(*corner)) for corner in BELGIUM)
    towns = [(*at(longitude, latitude), name) for name, latitude, longitude in TOWNS]
    inside = [(x, y, name) for x, y, name in towns if 0 < x < WIDTH and 0 < y < height]
    return Map(height, land, inside, dots, is_named=len(dots) <= _FEW, nowhere=nowhere)


def _dot(place: _Place, x: float, y: float) -> Dot:
    wrong = [state for state in place.states if state not in {State.OK, EXCUSED}]
    worst = min(wrong, key=[*map(str, GRAVITY)].index) if wrong else max(place.states, key=EXCUSED.__eq__)
    radius = round(min(9 + 3 * math.sqrt(len(place.states)), 34), 1)
    return Dot(x, y, radius, place.name, place.counter, len(place.states), len(wrong), worst)


def _span(degrees: Iterable[float]) -> tuple[float, float]:
    """Return the least and the most with room around them, never too near to see anything."""
    known = list(degrees)
    low, high = min(known), max(known)
    room = max((high - low) * _MARGIN, (_LEAST_DEGREES - (high - low)) / 2)
    return low - room, high + room
