"""The opening hours of the place where a zuil stands: a closed library is no alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.domain.calendars import AdjustedDays, Calendar, CalendarKind, OpeningHours, Span, occurrences
from shared.domain.zones import from_millis, local_day, to_millis

_AHEAD: Final = timedelta(days=8)
_BEHIND: Final = timedelta(days=1)
_AWAY: Final = 7 * 86_400_000
_SECOND: Final = 1_000
"""A day without hours ends a second before midnight."""


@dataclass(frozen=True)
class Openings:
    """Weekly hours in Brussels time and days that differ; without hours open but on those days.

    Hashable, so that it can be kept decoded.
    """

    hours: tuple[OpeningHours, ...]
    adjusted: tuple[AdjustedDays, ...] = ()

    def at(self, now: int, grace: int = 0) -> tuple[bool, int]:
        """Return whether the place is open at `now` (ms UTC), and until when that holds.

        A place counts as open from `grace` milliseconds after its hour: somebody has to switch the zuil
        on first. A place that does not open within a week is looked at again then.
        """
        for opens, closes in self._spans(now):
            since = min(opens + grace, closes)
            if now < since:
                return False, since
            if now < closes:
                return True, closes
        return False, now + _AWAY

    def _spans(self, now: int) -> list[tuple[int, int]]:
        """Return the coming openings, those that touch joined into one."""
        today = local_day(from_millis(now))
        calendar = Calendar(CalendarKind.PERMANENT, hours=self.hours, adjusted=self.adjusted)
        found: list[tuple[int, int]] = []
        spans = occurrences(calendar, today - _BEHIND, today + _AHEAD)
        for opens, closes in map(_millis, spans):
            if found and opens <= found[-1][1] + _SECOND:
                found[-1] = (found[-1][0], max(closes, found[-1][1]))
            else:
                found.append((opens, closes))
        return found


def _millis(span: Span) -> tuple[int, int]:
    return to_millis(span.start), to_millis(span.end)
