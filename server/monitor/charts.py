"""Charts as SVG shapes: plain geometry, so that a page needs no script to draw."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, NamedTuple

from server.monitor.history import History, Period, Point
from shared.domain.zones import from_millis, local_day, start_of_day, to_millis

WIDTH: Final = 360
HEIGHT: Final = 92
_HOUR: Final = 3_600_000
_DAY: Final = 24 * _HOUR
_NICE: Final = (1, 2, 4, 6, 8, 10)
"""Even ones, so that the line in the middle of a chart has a whole number too."""


class Tick(NamedTuple):
    """A line with its value: `place` in the drawing, `value` in the measure or ms UTC."""

    place: float
    value: float


class Band(NamedTuple):
    """A stretch of the state band."""

    x: float
    width: float
    state: str
    excused: bool


@dataclass(frozen=True)
class Chart:
    """One measure over time. lines: paths, broken where nothing was measured. bars: x, y, width, height."""

    lines: Sequence[str]
    areas: Sequence[str]
    bars: Sequence[tuple[float, float, float, float]]
    levels: Sequence[Tick]
    last: float | None
    most: float | None
    least: float | None
    total: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured."""
        return self.most is None


def bars(history: History, value: Callable[[Point], float | None]) -> Chart:
    """Return a chart of counts, a bar for each step."""
    found = [value(point) or 0.0 for point in history.points]
    top = _ceiling(max(found, default=0.0), 4.0)
    width = WIDTH / len(found)
    drawn = [
        (
            round(place * width + width * 0.12, 1),
            round(HEIGHT * (1 - count / top), 1),
            round(width * 0.76, 1),
            round(HEIGHT * count / top, 1),
        )
        for place, count in enumerate(found)
        if count
    ]
    return Chart((), (), drawn, _levels(0.0, top), found[-1], max(found), min(found), sum(found))


def line(history: History, value: Callable[[Point], float | None], low: float, high: float) -> Chart:
    """Return a chart of a level; `low` and `high` are always in view."""
    found = [value(point) for point in history.points]
    known = [level for level in found if level is not None]
    least, most = min([low, *known]), max([high, *known])
    if low == 0:
        most = _ceiling(most, high)
    scale = HEIGHT / ((most - least) or 1)
    step = WIDTH / len(found)
    lines, areas = [], []
    for run in _runs(found):
        dots = [
            (round((place + 0.5) * step, 1), round(HEIGHT - (level - least) * scale, 1))
            for place, level in run
        ]
        lines.append(_path(dots, step))
        areas.append(f"{_path(dots, step)}V{HEIGHT}H{max(0.0, round(dots[0][0] - step / 2, 1))}Z")
    return Chart(
        lines,
        areas,
        (),
        _levels(least, most),
        known[-1] if known else None,
        max(known, default=None),
        min(known, default=None),
        sum(known),
    )


def bands(history: History) -> list[Band]:
    """Return the states as stretches of one band."""
    scale = WIDTH / (history.end - history.begin)
    return [
        Band(
            round((spell.begin - history.begin) * scale, 1),
            max(1.5, round((spell.end - spell.begin) * scale, 1)),
            spell.state,
            bool(spell.excuse),
        )
        for spell in history.spells
    ]


def moments(history: History, period: Period) -> list[Tick]:
    """Return where hours or days begin, Brussels time; `value` in ms UTC."""
    scale = WIDTH / (history.end - history.begin)
    first = local_day(from_millis(history.begin))
    days = (history.end - history.begin) // _DAY + 2
    midnights = [to_millis(start_of_day(first + timedelta(days=number))) for number in range(days)]
    if period is Period.DAY:
        starts = [midnight + hour * _HOUR for midnight in midnights for hour in range(0, 24, 6)]
    elif period is Period.YEAR:
        starts = [at for at in midnights if local_day(from_millis(at)).day == 1]
    else:
        starts = midnights[:: 1 if period is Period.WEEK else 5]
    return [
        Tick(round((at - history.begin) * scale, 1), at) for at in starts if history.begin <= at < history.end
    ]


def _runs(found: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """Return the stretches in which something was measured; one missing step is bridged."""
    runs: list[list[tuple[int, float]]] = []
    for place, level in enumerate(found):
        if level is None:
            continue
        if runs and place - runs[-1][-1][0] <= 2:  # noqa: PLR2004 - the next but one
            runs[-1].append((place, level))
        else:
            runs.append([(place, level)])
    return runs


def _path(dots: Sequence[tuple[float, float]], step: float) -> str:
    """Return a path through the dots; a lone one becomes a dash as wide as its step."""
    first, last = dots[0], dots[-1]
    middle = "".join(f"L{x} {y}" for x, y in dots)
    begin, end = max(0.0, round(first[0] - step / 2, 1)), round(last[0] + step / 2, 1)
    return f"M{begin} {first[1]}{middle}H{end}"


def _ceiling(value: float, least: float) -> float:
    """Return a round number at or above `value`, and at least `least`."""
    value = max(value, least)
    unit = 10 ** (len(str(int(value))) - 1)
    return float(next(unit * nice for nice in _NICE if unit * nice >= value))


def _levels(least: float, most: float) -> list[Tick]:
    middle = (least + most) / 2
    return [Tick(HEIGHT, least), Tick(HEIGHT / 2, middle), Tick(0, most)]
