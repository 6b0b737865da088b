"""What a zuil measured over a day, a week, a month or a year, and the states it was in meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.monitor.models import DAY, HOUR, KioskSample, KioskSummary, KioskTransition
from shared.domain.watching import Excuse, State

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


class Period(StrEnum):
    """How far back to look."""

    DAY = "dag"
    WEEK = "week"
    MONTH = "maand"
    YEAR = "jaar"


LENGTHS: Final = {Period.DAY: _DAY, Period.WEEK: 7 * _DAY, Period.MONTH: 30 * _DAY, Period.YEAR: 365 * _DAY}
STEPS: Final = {Period.DAY: 10 * _MINUTE, Period.WEEK: _HOUR, Period.MONTH: 4 * _HOUR, Period.YEAR: _DAY}
"""How much time one point of a chart stands for."""


class Point(NamedTuple):
    """What was measured in one step; None where nothing was. Temperature in degrees."""

    at: int
    taps: int = 0
    queue: int | None = None
    temperature: float | None = None
    signal: int | None = None
    round_trip: int | None = None


class Spell(NamedTuple):
    """The state of a zuil from `begin` to `end` (ms UTC)."""

    begin: int
    end: int
    state: State
    excuse: Excuse


@dataclass(frozen=True)
class History:
    """What is known of `begin` to `end`, in steps of `step` milliseconds."""

    begin: int
    end: int
    step: int
    points: Sequence[Point]
    spells: Sequence[Spell]


def read_history(session: Session, kiosk: int, period: Period, now: int) -> History:
    """Return the history of one zuil up to `now` (ms UTC)."""
    step = STEPS[period]
    end = (now // step + 1) * step
    begin = end - LENGTHS[period]
    rows = (
        _samples(session, kiosk, begin) if period is Period.DAY else _summaries(session, kiosk, begin, period)
    )
    return History(begin, end, step, _binned(rows, begin, end, step), _spells(session, kiosk, begin, now))


def _samples(session: Session, kiosk: int, begin: int) -> list[Point]:
    query = select(KioskSample).where(KioskSample.kiosk == kiosk, KioskSample.at >= begin)
    return [
        Point(row.at, row.taps, row.queue, _degrees(row.temperature), row.signal, row.round_trip)
        for row in session.exec(query)
    ]


def _summaries(session: Session, kiosk: int, begin: int, period: Period) -> list[Point]:
    grain = DAY if period is Period.YEAR else HOUR
    query = select(KioskSummary).where(
        KioskSummary.kiosk == kiosk, KioskSummary.grain == grain, KioskSummary.at >= begin
    )
    # The worst of each hour, as of each moment of a day: an average hides the heat of every afternoon.
    found = [
        Point(row.at, row.taps, row.queue, _degrees(row.hottest), row.weakest, row.slowest)
        for row in session.exec(query)
    ]
    # The hours that are not summed up yet.
    since = max((point.at for point in found), default=begin - 1)
    return found + _samples(session, kiosk, since + (DAY if period is Period.YEAR else HOUR) * _MINUTE)


def _binned(points: Sequence[Point], begin: int, end: int, step: int) -> list[Point]:
    """Put what was measured in the steps of a chart: taps add up, of the rest the worst counts."""
    bins: dict[int, list[Point]] = {}
    for point in points:
        bins.setdefault((point.at - begin) // step, []).append(point)
    count = (end - begin) // step
    return [_together(begin + place * step, bins.get(place, [])) for place in range(count)]


def _together(at: int, points: Sequence[Point]) -> Point:
    return Point(
        at,
        sum(point.taps for point in points),
        max((point.queue for point in points if point.queue is not None), default=None),
        max((point.temperature for point in points if point.temperature is not None), default=None),
        min((point.signal for point in points if point.signal is not None), default=None),
        max((point.round_trip for point in points if point.round_trip is not None), default=None),
    )


def _spells(session: Session, kiosk: int, begin: int, now: int) -> list[Spell]:
    """Return the states in order; before the first change that is known there is none."""
    own = select(KioskTransition).where(KioskTransition.kiosk == kiosk)
    before = session.exec(
        own.where(KioskTransition.at <= begin).order_by(col(KioskTransition.at).desc()).limit(1)
    ).all()
    during = session.exec(own.where(KioskTransition.at > begin).order_by(col(KioskTransition.at))).all()
    rows = [*before, *during]
    ends = [*(row.at for row in rows[1:]), now][: len(rows)]
    return [
        Spell(max(begin, row.at), end, State(row.state), Excuse(row.excuse))
        for row, end in zip(rows, ends, strict=True)
        if end > row.at
    ]


def _degrees(tenths: int | None) -> float | None:
    return None if tenths is None else tenths / 10
