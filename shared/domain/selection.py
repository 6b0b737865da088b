"""Which event a zuil saves for at this moment, and until when (rules 8.2-8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.calendars import Calendar
from shared.domain.windows import Window, windows
from shared.domain.zones import local_day

_DAY: Final = timedelta(days=1)
_MOMENT: Final = timedelta(microseconds=1)

_Nearby = tuple[str, Window]


class SelectionReason(StrEnum):
    """Why this event: chosen by the counter, the only one, the nearest start, or chosen but not open now."""

    MANUAL = "manual"
    SINGLE = "single"
    NEAREST = "nearest"
    HELD = "held"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event organised by, or located at, one of the zuil's counters."""

    id: str
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class Selection:
    """The event to save for; `changes_at` is when to select again, and nothing changes before it.

    `window` is None when saving is not possible: no event at all, or a held one.
    """

    event: str | None
    reason: SelectionReason
    window: Window | None
    changes_at: datetime


def select_event(
    candidates: Sequence[Candidate], now: datetime, *, manual: str | None = None, hold_manual: bool = False
) -> Selection:
    """Select the event of a zuil: the manual one, else the only open one, else the one that starts nearest.

    A manual event outside its window falls through to the automatic choice, or holds its place
    when `hold_manual` (rules 8.4, contradiction 11).
    """
    today = local_day(now)
    nearby = [
        (candidate.id, window)
        for candidate in candidates
        for window in windows(candidate.calendar, today, today + _DAY)
    ]
    choice = _choose(nearby, now, manual, hold=hold_manual)
    return Selection(
        choice.event,
        choice.reason,
        choice.window,
        _next_change(nearby, now, choice, manual, hold_manual=hold_manual),
    )


class _Choice(NamedTuple):
    event: str | None
    reason: SelectionReason
    window: Window | None
    rival: datetime | None = None
    """The next later start among the open windows that could win from the chosen one."""


def _next_change(
    nearby: Sequence[_Nearby], now: datetime, choice: _Choice, manual: str | None, *, hold_manual: bool
) -> datetime:
    """Return the first moment after `now` at which the choice is another one, a day on at the latest.

    Between two openings or closings the set of open windows is fixed; within it the choice moves
    on just after the middle between the chosen start and the next one.
    """
    horizon = now + _DAY
    edges = sorted({edge for _, window in nearby for edge in (window.opens, window.closes)})
    for edge in [*(edge for edge in edges if now < edge < horizon), horizon]:
        if choice.window is not None and choice.rival is not None:
            middle = choice.window.starts + (choice.rival - choice.window.starts) / 2 + _MOMENT
            if middle < edge:
                return middle
        there = _choose(nearby, edge, manual, hold=hold_manual)
        if there[:3] != choice[:3]:
            return edge
        choice = there
    return horizon


def _choose(nearby: Sequence[_Nearby], now: datetime, manual: str | None, *, hold: bool) -> _Choice:
    open_now = [pair for pair in nearby if now in pair[1]]
    chosen = [pair for pair in open_now if pair[0] == manual]
    if chosen:
        return _nearest(chosen, now, SelectionReason.MANUAL)
    if manual is not None and hold:
        return _Choice(manual, SelectionReason.HELD, None)
    if not open_now:
        return _Choice(None, SelectionReason.NONE, None)
    several = len({event for event, _ in open_now}) > 1
    return _nearest(open_now, now, SelectionReason.NEAREST if several else SelectionReason.SINGLE)


def _nearest(pairs: Sequence[_Nearby], now: datetime, reason: SelectionReason) -> _Choice:
    event, window = min(pairs, key=lambda pair: (abs(pair[1].starts - now), pair[1].starts, pair[0]))
    later = (other.starts for _, other in pairs if other.starts > max(window.starts, now))
    return _Choice(event, reason, window, min(later, default=None))
