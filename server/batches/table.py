"""Zuilen as lines of a spreadsheet, out and in: `;` between the columns, the first line says which they are.

A line with a number changes that zuil, a line without makes one. An empty cell leaves what is there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from server.kernel.spreadsheets import MARK, plain_cell, row_text
from server.kiosks.models import Kiosk
from server.kiosks.preferences import Preferences, preferences_of
from server.monitor.hours import HoursError, read_form, write_form
from shared.domain.messages import LANGUAGES
from shared.domain.modes import known_mode

MOST_LINES: Final = 5_000
LONGEST_NAME: Final = 40
LONGEST_PLACE: Final = 80
APART: Final = " | "
_YES: Final = frozenset({"ja", "oui", "yes", "1", "aan"})
_NO: Final = frozenset({"nee", "non", "no", "0", "uit"})
_NUMBER: Final = re.compile("[0-9]{1,9}")
_WHOLE: Final = re.compile("[0-9]{1,4}")
_DECIMAL: Final = re.compile("[0-9]{1,4}(?:[.][0-9]{1,3})?")
_USUAL: Final = Preferences(("nl",), qr=True, result_seconds=2.5, lease_days=30)


class Column(StrEnum):
    """The columns, by the word at their head."""

    NUMBER = "nummer"
    NAME = "naam"
    PLACE = "plaats"
    COUNTERS = "balies"
    MODE = "modus"
    QR = "qr"
    LANGUAGES = "talen"
    RESULT = "seconden"
    LEASE = "dagen"
    HOURS = "openingsuren"


class Fault(StrEnum):
    """Why a line cannot be used."""

    NUMBER = "number"
    TWICE = "twice"
    NAME = "name"
    PLACE = "place"
    COUNTER = "counter"
    NO_COUNTER = "no-counter"
    MODE = "mode"
    QR = "qr"
    LANGUAGE = "language"
    RESULT = "result"
    LEASE = "lease"
    HOURS = "hours"
    WIDE = "wide"


class TableError(ValueError):
    """The file as a whole cannot be read: not a table with known columns, or too long."""


@dataclass(frozen=True)
class Line:
    """A line as it stands in the file, by column; `number` of the line from 1, the head included.

    is_wide: there is something beyond the last column, so cells may stand under the wrong one.
    """

    number: int
    cells: Mapping[Column, str]
    is_wide: bool = False

    def __getitem__(self, column: Column) -> str:
        """Return a cell, empty when its column is not there."""
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Wish:
    """What a line asks for. None: as it is. kiosk: of the zuil that is there, None for a new one.

    hours: opening hours as people type them.
    """

    line: int
    kiosk: int | None
    name: str | None = None
    place: str | None = None
    counters: frozenset[int] | None = None
    mode: str | None = None
    preferences: Preferences | None = None
    hours: str | None = None


@dataclass(frozen=True)
class Known:
    """What lines are read against: the zuilen and the counters (by name) within reach."""

    kiosks: Mapping[int, Kiosk]
    counters: Mapping[str, int]


@dataclass
class Read:
    """What was read: wishes, and for each line that is none every fault with the column of its cell."""

    wishes: list[Wish] = field(default_factory=list)
    faults: list[tuple[Line, Mapping[Column, Fault]]] = field(default_factory=list)


def write_table(rows: Sequence[Mapping[Column, str]]) -> Iterator[str]:
    """Yield the lines of a file, the head first; spreadsheets find the letters by the mark in front."""
    yield MARK
    yield row_text(Column)
    for row in rows:
        yield row_text(row[one] for one in Column)


def row_of(
    kiosk: Kiosk, preferences: Preferences, counters: Sequence[str], calendar: str | None
) -> Mapping[Column, str]:
    """Return a zuil as a line."""
    return {
        Column.NUMBER: str(kiosk.number),
        Column.NAME: kiosk.name,
        Column.PLACE: kiosk.place,
        Column.COUNTERS: APART.join(counters),
        Column.MODE: kiosk.mode,
        Column.QR: "ja" if preferences.qr else "nee",
        Column.LANGUAGES: ",".join(preferences.languages),
        Column.RESULT: f"{preferences.result_seconds:g}".replace(".", ","),
        Column.LEASE: str(preferences.lease_days),
        Column.HOURS: APART.join(write_form(calendar).splitlines()) if calendar else "",
    }


def hours_lines(cell: str) -> str:
    """Return the opening hours in a cell as `server.monitor.hours` reads them, a line for some days."""
    return cell.replace(APART.strip(), "\n")


def read_table(content: bytes) -> list[Line]:
    """Return the lines of a file that a spreadsheet saved.

    Raises:
        TableError: see there.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    first = text.partition("\n")[0]
    delimiter = max(";\t,", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise TableError(str(error)) from error
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    known = {column.value for column in Column}
    if not {Column.NAME, Column.NUMBER} & set(head) or set(head) - known - {""} or len(set(head)) < len(head):
        raise TableError("head")
    if len(rows) > MOST_LINES + 1:
        raise TableError("length")
    return [
        Line(
            number,
            {Column(name): plain_cell(cell) for name, cell in zip(head, row, strict=False) if name},
            is_wide=any(cell.strip() for cell in row[len(head) :]),
        )
        for number, row in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in row)
    ]


def read_lines(lines: Sequence[Line], known: Known) -> Read:
    """Return what the lines ask for."""
    found, seen = Read(), set[int]()
    for line in lines:
        reading = _Reading(line, known)
        wish = reading.wish()
        if wish.kiosk in seen:
            reading.wrong(Column.NUMBER, Fault.TWICE)
        # Also of a line that is wrong: which of the two was meant is not ours to guess.
        seen.update([wish.kiosk] if wish.kiosk else [])
        if reading.faults:
            found.faults.append((line, reading.faults))
            continue
        found.wishes.append(wish)
    return found


class _Reading:
    """One line being read; `faults` holds what is wrong with which cell."""

    def __init__(self, line: Line, known: Known) -> None:
        self._line = line
        self._known = known
        self.faults: dict[Column, Fault] = {[*line.cells][-1]: Fault.WIDE} if line.is_wide else {}

    def wish(self) -> Wish:
        """Return what the line asks for; it counts only when there are no faults."""
        line, kiosk = self._line, self._kiosk()
        is_new = not line[Column.NUMBER]
        name, place, mode = line[Column.NAME], line[Column.PLACE], line[Column.MODE]
        self._check(Column.NAME, Fault.NAME, good=bool(name or not is_new) and len(name) <= LONGEST_NAME)
        self._check(Column.PLACE, Fault.PLACE, good=len(place) <= LONGEST_PLACE)
        self._check(Column.MODE, Fault.MODE, good=not mode or known_mode(mode) is not None)
        return Wish(
            line=line.number,
            kiosk=kiosk.number if kiosk else None,
            name=name or None,
            place=place or None,
            counters=self._counters(is_new=is_new),
            mode=mode or None,
            preferences=self._preferences(kiosk),
            hours=self._hours(),
        )

    def wrong(self, column: Column, fault: Fault) -> None:
        """Note what is wrong with a cell."""
        self.faults.setdefault(column, fault)

    def _check(self, column: Column, fault: Fault, *, good: bool) -> bool:
        if not good:
            self.wrong(column, fault)
        return good

    def _kiosk(self) -> Kiosk | None:
        number = self._line[Column.NUMBER]
        if not number:
            return None
        found = self._known.kiosks.get(int(number)) if _NUMBER.fullmatch(number) else None
        self._check(Column.NUMBER, Fault.NUMBER, good=found is not None)
        return found

    def _counters(self, *, is_new: bool) -> frozenset[int] | None:
        cell, counters = self._line[Column.COUNTERS], self._known.counters
        names = [name.strip().casefold() for name in cell.split("|") if name.strip()]
        self._check(Column.COUNTERS, Fault.NO_COUNTER, good=bool(names) or not is_new)
        self._check(Column.COUNTERS, Fault.COUNTER, good=counters.keys() >= set(names))
        return frozenset(counters[name] for name in names if name in counters) or None

    def _hours(self) -> str | None:
        hours = hours_lines(self._line[Column.HOURS])
        try:
            read_form(hours)
        except HoursError:
            self.wrong(Column.HOURS, Fault.HOURS)
        return hours or None

    def _preferences(self, kiosk: Kiosk | None) -> Preferences | None:
        """Return the preferences the line asks for, None when it says nothing of them."""
        present = preferences_of(kiosk) if kiosk else _USUAL
        wanted = replace(
            present,
            qr=self._qr(present.qr),
            languages=self._languages(present.languages),
            result_seconds=self._result(present),
            lease_days=self._lease(present),
        )
        cells = (Column.QR, Column.LANGUAGES, Column.RESULT, Column.LEASE)
        return wanted if any(self._line[cell] for cell in cells) else None

    def _qr(self, present: bool) -> bool:  # noqa: FBT001 - what it is now
        cell = self._line[Column.QR].casefold()
        self._check(Column.QR, Fault.QR, good=not cell or cell in _YES | _NO)
        return cell in _YES if cell else present

    def _languages(self, present: tuple[str, ...]) -> tuple[str, ...]:
        cell = self._line[Column.LANGUAGES].casefold().replace(" ", "")
        spoken = set(cell.split(",")) if cell else set(present)
        self._check(Column.LANGUAGES, Fault.LANGUAGE, good=not cell or spoken <= set(LANGUAGES))
        return tuple(one for one in LANGUAGES if one in spoken)

    def _result(self, present: Preferences) -> float:
        cell = self._line[Column.RESULT].replace(",", ".")
        seconds = float(cell) if _DECIMAL.fullmatch(cell) else present.result_seconds
        is_good = not cell or (_DECIMAL.fullmatch(cell) is not None)
        is_good = is_good and replace(present, result_seconds=seconds).is_possible
        self._check(Column.RESULT, Fault.RESULT, good=is_good)
        return seconds

    def _lease(self, present: Preferences) -> int:
        cell = self._line[Column.LEASE]
        days = int(cell) if _WHOLE.fullmatch(cell) else present.lease_days
        is_good = not cell or (_WHOLE.fullmatch(cell) is not None)
        self._check(Column.LEASE, Fault.LEASE, good=is_good and replace(present, lease_days=days).is_possible)
        return days
