"""Opening hours as people write them, a line for some days: `ma-vr 9:00-12:00 13:00-17:00`, `zo gesloten`.

A date instead of days is for that one day: `25/12/2026 gesloten`, `24/12/2026 9:00-16:00`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from shared.wire.messages import AdjustedDaysMessage, CalendarMessage, OpeningHoursMessage

DAYS: Final = ("ma", "di", "wo", "do", "vr", "za", "zo")
LONGEST: Final = 2_000
_ABROAD: Final = {
    "en": ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
}
_CLOSED_WORDS: Final = {"en": "closed", "fr": "fermé"}
_ENOUGH: Final = 3
_CLOSED: Final = frozenset({"gesloten", "toe", "dicht", "fermé", "closed"})
_SPAN: Final = re.compile(
    r"(\d{1,2})(?:[:.](\d{2})|[uh](\d{2})?)?\s*-\s*(\d{1,2})(?:[:.](\d{2})|[uh](\d{2})?)?"
)
_DATE: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


class HoursError(ValueError):
    """A line cannot be understood: its number from 1, and the line."""

    def __init__(self, number: int, line: str) -> None:
        super().__init__(f"line {number}: {line}")
        self.number = number
        self.line = line


def read_form(text: str) -> CalendarMessage | None:
    """Return opening hours as they were typed; None when nothing was.

    Raises:
        HoursError: a line is not understood.
    """
    hours: list[OpeningHoursMessage] = []
    adjusted: list[AdjustedDaysMessage] = []
    for number, line in enumerate(text[:LONGEST].splitlines(), 1):
        if not line.strip():
            continue
        when, _, rest = " ".join(line.lower().split()).partition(" ")
        try:
            day = _date(when)
            spans = list(_spans(rest, [day.isoweekday()] if day else _days(when)))
        except ValueError as error:
            raise HoursError(number, line.strip()) from error
        if day:
            adjusted.append(AdjustedDaysMessage(first=day, last=day, hours=spans))
        else:
            hours += spans
    if not hours and not adjusted:
        return None
    return CalendarMessage(kind="permanent", hours=hours, adjusted=adjusted)


def write_form(calendar: str, language: str = "nl") -> str:
    """Return opening hours as one would type them; `calendar` is that of a `KioskHours` row."""
    days_names = [name[:_ENOUGH] for name in _ABROAD[language]] if language in _ABROAD else DAYS
    message = msgspec.json.decode(calendar, type=CalendarMessage)
    lines: dict[str, list[str]] = {}
    for opening in message.hours:
        lines.setdefault(_names(sorted(opening.days), days_names), []).append(
            f"{opening.opens}-{opening.closes}"
        )
    weekly = [f"{days} {' '.join(spans)}" for days, spans in lines.items()]
    other = [
        f"{days.first:%d/%m/%Y} "
        + (
            " ".join(f"{opening.opens}-{opening.closes}" for opening in days.hours)
            or _CLOSED_WORDS.get(language, "gesloten")
        )
        for days in message.adjusted
    ]
    return "\n".join([*weekly, *other])


def _days(text: str) -> list[int]:
    """Return ISO weekdays: `ma`, `ma-vr`, `ma,wo,za`."""
    found: list[int] = []
    for part in text.rstrip(":").split(","):
        first, dash, last = part.partition("-")
        begin = _day(first)
        end = _day(last) if dash else begin
        found += [day if day <= 7 else day - 7 for day in range(begin, end + (7 if end < begin else 0) + 1)]  # noqa: PLR2004 - days of a week
    return found


def _day(name: str) -> int:
    # The French for Tuesday begins like the Dutch for Monday: other languages from three letters on.
    for names in _ABROAD.values():
        for day, known in enumerate(names, 1):
            if len(name) >= _ENOUGH and known.startswith(name.rstrip(".")):
                return day
    return DAYS.index(name[:2]) + 1


def _spans(text: str, days: list[int]) -> Iterator[OpeningHoursMessage]:
    if text.strip() in _CLOSED:
        return
    found = list(_SPAN.finditer(text))
    if not found or _SPAN.sub("", text).strip(" ,;en&+"):
        raise ValueError(text)
    for span in found:
        opens, closes = _hour(span[1], span[2] or span[3]), _hour(span[4], span[5] or span[6])
        yield OpeningHoursMessage(days=days, opens=opens, closes=closes)


def _hour(hour: str, minute: str | None) -> str:
    if int(hour) > 24 or int(minute or 0) > 59:  # noqa: PLR2004 - as clocks go
        raise ValueError(hour)
    return f"{int(hour) % 24:02}:{int(minute or 0):02}"


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    return date(int(found[3]), int(found[2]), int(found[1])) if found else None


def _names(days: list[int], names: Sequence[str]) -> str:
    """Return weekdays as one writes them, those that follow each other joined."""
    parts: list[list[int]] = []
    for day in days:
        if parts and day == parts[-1][-1] + 1:
            parts[-1].append(day)
        else:
            parts.append([day])
    return ",".join(
        names[part[0] - 1] if len(part) == 1 else f"{names[part[0] - 1]}-{names[part[-1] - 1]}"
        for part in parts
    )
