"""The map: every place with zuilen as a dot, drawn by us from the coordinates UiTdatabank gives.

No tiles of anyone: the shape of Belgium below is a sketch, so that people see where they are.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import select
from sqlmodel import Session, col

from server.counters.models import Counter
from server.events.models import PlaceLocation
from server.kiosks.finding import in_reach
from server.kiosks.models import Kiosk, KioskCounter
from server.monitor.board import EXCUSED, GRAVITY
from server.monitor.labels import Box, Label, apart, around, beside, name_width, place_names
from server.monitor.models import KioskWatch
from shared.domain.watching import State

_MARGIN: Final = 0.12
_LEAST_DEGREES: Final = 0.05
_FEW: Final = 24
"""Up to so many places each has a name beside it, and none lies on another."""
_DEGREE_KM: Final = 111.2
_EDGES: Final = 3
"""So many towns around the map are pointed at, when few lie on it."""


class Sheet(NamedTuple):
    """How large a map is drawn: on a desk, or on a phone held upright. size: of the letters."""

    name: str
    width: int
    least: int
    most: int
    size: float
    dot: float


WIDE: Final = Sheet("wide", 1_000, 420, 760, 17, 9)
NARROW: Final = Sheet("narrow", 400, 330, 520, 14, 8)

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
    """A place: how many zuilen, the worst state among them, and the counter to look at.

    label: where its name stands, shortened to `said`; None when there is no room for it.
    """

    x: float
    y: float
    radius: float
    name: str
    counter: int
    zuilen: int
    wrong: int
    state: str
    said: str = ""
    label: Label | None = None


class Pointer(NamedTuple):
    """A town beyond the edge: where its name stands, and what it says."""

    label: Label
    text: str


class Scale(NamedTuple):
    """A bar that is so many kilometres long."""

    length: float
    km: float


@dataclass(frozen=True)
class Map:
    """What to draw.

    land: points of an SVG polygon. towns: their names on it; pointers: those of towns around it.
    """

    sheet: Sheet
    height: int
    land: str
    towns: Sequence[tuple[Label, str]]
    pointers: Sequence[Pointer]
    dots: Sequence[Dot]
    scale: Scale


class Maps(NamedTuple):
    """The same map on every sheet; nowhere: how many zuilen have no known place."""

    sheets: Sequence[Map]
    nowhere: int


@dataclass
class _Place:
    latitude: float
    longitude: float
    name: str
    counter: int
    states: list[str]


def read_map(session: Session, reach: int | None) -> Maps:
    """Return the map of the zuilen within reach, on no sheet when no place is known."""
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
    known = list(places.values())
    return Maps([drawn(known, sheet) for sheet in (WIDE, NARROW)] if known else [], len(seen) - len(placed))


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


class _View:
    """Turns degrees into places on a sheet."""

    def __init__(self, places: Sequence[_Place], sheet: Sheet) -> None:
        self._west, east = _span(place.longitude for place in places)
        south, self._north = _span(place.latitude for place in places)
        # A degree of longitude is shorter than one of latitude, the more so the further north.
        self._squeeze = math.cos(math.radians((south + self._north) / 2))
        across, down = (east - self._west) * self._squeeze, self._north - south
        self._scale = min(sheet.width / across, sheet.most / down)
        self.width = sheet.width
        self.height = round(max(sheet.least, down * self._scale))
        self._left = (sheet.width - across * self._scale) / 2
        self._top = (self.height - down * self._scale) / 2

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return x and y."""
        return (
            round(self._left + (longitude - self._west) * self._squeeze * self._scale, 1),
            round(self._top + (self._north - latitude) * self._scale, 1),
        )

    def km(self, length: float) -> float:
        """Return how many kilometres a length on the sheet is."""
        return length / self._scale * _DEGREE_KM

    def scale(self) -> Scale:
        """Return a bar of a round number of kilometres, a fifth of the sheet at most."""
        room = self.km(self.width / 5)
        km = max(step * 10**power for power in range(-2, 3) for step in (1, 2, 5) if step * 10**power <= room)
        return Scale(round(km / self.km(1), 1), km)


def drawn(places: Sequence[_Place], sheet: Sheet) -> Map:
    """Draw places on a sheet; there is at least one."""
    view = _View(places, sheet)
    dots = [_dot(place, *view.at(place.longitude, place.latitude), sheet.dot) for place in places]
    # What is wrong lies on top.
    dots.sort(key=lambda dot: (dot.wrong > 0, -dot.zuilen))
    taken = [Box(0, view.height - sheet.size * 2.2, sheet.width / 4, view.height)]
    if len(dots) <= _FEW:
        dots = _named(dots, view, sheet, taken)
    towns = _towns(view, sheet, taken)
    return Map(
        sheet=sheet,
        height=view.height,
        land=" ".join("{},{}".format(*view.at(*corner)) for corner in BELGIUM),
        towns=towns,
        pointers=_pointers(view, sheet, taken) if len(towns) < _EDGES else (),
        dots=dots,
        scale=view.scale(),
    )


def _named(dots: Sequence[Dot], view: _View, sheet: Sheet, taken: list[Box]) -> list[Dot]:
    """Return dots that lie apart, with their names where there is room."""
    spots = apart([(dot.x, dot.y, dot.radius) for dot in dots], view.width, view.height)
    most = round(view.width / 2 / name_width(1, sheet.size))
    moved = [
        replace(dot, x=x, y=y, said=textwrap.shorten(dot.name, most, placeholder="…"))
        for dot, (x, y) in zip(dots, spots, strict=True)
    ]
    taken += [around(dot.x, dot.y, dot.radius) for dot in moved]
    # What is wrong gets its name first.
    order = sorted(range(len(moved)), key=lambda place: -moved[place].wrong)
    wanted = [
        (moved[one].said, beside(moved[one].x, moved[one].y, moved[one].radius, sheet.size)) for one in order
    ]
    labels = place_names(wanted, taken, size=sheet.size, width=view.width, height=view.height)
    by_dot = dict(zip(order, labels, strict=True))
    return [replace(dot, label=by_dot[place]) for place, dot in enumerate(moved)]


def _towns(view: _View, sheet: Sheet, taken: list[Box]) -> list[tuple[Label, str]]:
    """Return the towns on the sheet, with a place for the name where it hides nothing."""
    found = [(*view.at(longitude, latitude), name) for name, latitude, longitude in TOWNS]
    inside = [(x, y, name) for x, y, name in found if 0 < x < view.width and 0 < y < view.height]
    wanted = [
        (
            name,
            [Label(x, y, "middle"), *beside(x, y, sheet.size, sheet.size), *beside(x, y, 3 * sheet.size, 0)],
        )
        for x, y, name in inside
    ]
    labels = place_names(wanted, taken, size=sheet.size + 2, width=view.width, height=view.height)
    return [(label, name) for (*_, name), label in zip(inside, labels, strict=True) if label]


def _pointers(view: _View, sheet: Sheet, taken: list[Box]) -> list[Pointer]:
    """Return the nearest towns around the sheet, at its edge."""
    middle = (view.width / 2, view.height / 2)
    outside = []
    for name, latitude, longitude in TOWNS:
        x, y = view.at(longitude, latitude)
        if not (0 < x < view.width and 0 < y < view.height):
            outside.append((math.dist((x, y), middle), x, y, name))
    nearest = sorted(outside)[: 2 * _EDGES]
    wanted = [_pointer(view, sheet, one) for one in nearest]
    named = [(pointer.text, [pointer.label]) for pointer in wanted]
    labels = place_names(named, taken, size=sheet.size, width=view.width, height=view.height)
    return [pointer for pointer, label in zip(wanted, labels, strict=True) if label][:_EDGES]


def _pointer(view: _View, sheet: Sheet, town: tuple[float, float, float, str]) -> Pointer:
    distance, x, y, name = town
    half, high = view.width / 2, view.height / 2
    part = min(half / max(abs(x - half), 1e-9), high / max(abs(y - high), 1e-9))
    edge_x, edge_y = half + (x - half) * part, high + (y - high) * part
    arrow = "←↖↑↗→↘↓↙"[round(math.atan2(y - high, x - half) / (math.pi / 4) + 4) % 8]
    room = sheet.size
    anchor = "start" if edge_x < view.width / 3 else "end" if edge_x > view.width * 2 / 3 else "middle"
    label = Label(
        round(min(max(edge_x, room), view.width - room), 1),
        round(min(max(edge_y, room * 1.6), view.height - room), 1),
        anchor,
    )
    return Pointer(label, f"{arrow} {name} {view.km(distance):.0f} km")


def _dot(place: _Place, x: float, y: float, least: float) -> Dot:
    wrong = [state for state in place.states if state not in {State.OK, EXCUSED}]
    worst = min(wrong, key=[*map(str, GRAVITY)].index) if wrong else max(place.states, key=EXCUSED.__eq__)
    radius = round(min(least + 3 * math.sqrt(len(place.states)), 34), 1)
    return Dot(x, y, radius, place.name, place.counter, len(place.states), len(wrong), worst)


def _span(degrees: Iterable[float]) -> tuple[float, float]:
    """Return the least and the most with room around them, never too near to see anything."""
    known = list(degrees)
    low, high = min(known), max(known)
    room = max((high - low) * _MARGIN, (_LEAST_DEGREES - (high - low)) / 2)
    return low - room, high + room
