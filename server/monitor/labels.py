"""Where names stand on a map: beside what they name, over nothing else, or not at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

_LETTER: Final = 0.56
"""How wide a letter is on average, for a letter of size one."""
_GAP: Final = 4.0
_ROUNDS: Final = 60


class Box(NamedTuple):
    """A rectangle on the map."""

    left: float
    top: float
    right: float
    bottom: float

    def hits(self, other: Box) -> bool:
        """Tell whether two rectangles share a place."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, width: float, height: float) -> bool:
        """Tell whether it lies on a map of this size."""
        return self.left >= 0 and self.top >= 0 and self.right <= width and self.bottom <= height


class Label(NamedTuple):
    """A name and where its line begins; anchor: `start`, `middle` or `end`, as SVG says it."""

    x: float
    y: float
    anchor: str


def around(x: float, y: float, radius: float) -> Box:
    """Return the rectangle of a dot."""
    return Box(x - radius, y - radius, x + radius, y + radius)


def name_width(letters: int, size: float) -> float:
    """Return how wide a name of so many letters is."""
    return letters * size * _LETTER


def name_box(text: str, label: Label, size: float) -> Box:
    """Return the rectangle of a name."""
    width = name_width(len(text), size)
    left = {"start": label.x, "middle": label.x - width / 2, "end": label.x - width}[label.anchor]
    return Box(left - 2, label.y - size, left + width + 2, label.y + size * 0.3)


def place_names(
    names: Sequence[tuple[str, Sequence[Label]]],
    taken: list[Box],
    *,
    size: float,
    width: float,
    height: float,
) -> list[Label | None]:
    """Return where each name stands: the first of its places that is free; None: there is none.

    taken: what lies there already; grows with what is put down.
    """
    found: list[Label | None] = []
    for text, places in names:
        free = None
        for place in places:
            box = name_box(text, place, size)
            if box.within(width, height) and not any(box.hits(other) for other in taken):
                free = place
                taken.append(box)
                break
        found.append(free)
    return found


def beside(x: float, y: float, radius: float, size: float) -> list[Label]:
    """Return where the name of a dot may stand: below, above, right, left."""
    middle = y + size * 0.35
    return [
        Label(x, y + radius + size, "middle"),
        Label(x, y - radius - size * 0.35, "middle"),
        Label(x + radius + _GAP, middle, "start"),
        Label(x - radius - _GAP, middle, "end"),
    ]


def apart(
    dots: Sequence[tuple[float, float, float]], width: float, height: float
) -> list[tuple[float, float]]:
    """Return x and y of dots (x, y, radius) pushed off each other, each as little as it takes."""
    places = [(x, y) for x, y, _ in dots]
    for _ in range(_ROUNDS):
        is_free = True
        for one in range(len(dots)):
            for other in range(one):
                is_free &= _push(places, one, other, dots[one][2] + dots[other][2] + 2)
        places = [
            (min(max(x, radius), width - radius), min(max(y, radius), height - radius))
            for (x, y), (*_xy, radius) in zip(places, dots, strict=True)
        ]
        if is_free:
            break
    return [(round(x, 1), round(y, 1)) for x, y in places]


def _push(places: list[tuple[float, float]], one: int, other: int, wanted: float) -> bool:
    """Push two dots apart when they are nearer than wanted; True when they were not."""
    (x, y), (a, b) = places[one], places[other]
    distance = math.hypot(x - a, y - b)
    if distance >= wanted:
        return True
    # What lies on one spot goes apart in a direction of its own.
    angle = math.atan2(y - b, x - a) if distance else one * 2.4
    step = (wanted - distance) / 2 + 0.1
    across, down = math.cos(angle) * step, math.sin(angle) * step
    places[one], places[other] = (x + across, y + down), (a - across, b - down)
    return False
