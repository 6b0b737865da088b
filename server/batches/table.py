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


class TableError(ValueError):
    """The file as a whole cannot be read: not a table with known columns, or too long."""


@dataclass(frozen=True)
class Line:
    """A line as it stands in the file, by column; `number` of the line from 1, the head included."""

    number: int
    cells: Mapping[Column, str]

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
    """What was read: wishes, and a fault for each line that is none."""

    wishes: list[Wish] = field(default_factory=list)
    faults: list[tuple[Line, Fault]] = field(default_factory=list)


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
        Line(number, {Column(name): plain_cell(cell) for name, cell in zip(head, row, strict=False) if name})
        for number, row in enumerate(rows[1:], 2)
        if any(cell.strip() for cell in row)
    ]


def read_lines(lines: Sequence[Line], known: Known) -> Read:
    """Return what the lines ask for."""
    found, seen = Read(), set[int]()
    for line in lines:
        try:
            wish = _read(line, known)
            _require(wish.kiosk is None or wish.kiosk not in seen, Fault.TWICE)
        except _UnusableLineError as error:
            found.faults.append((line, error.fault))
            continue
        seen.update([wish.kiosk] if wish.kiosk else [])
        found.wishes.append(wish)
    return found


class _UnusableLineError(ValueError):
    """A line cannot be used; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


def _require(condition: object, fault: Fault) -> None:
    if not condition:
        raise _UnusableLineError(fault)


def _read(line: Line, known: Known) -> Wish:
    kiosk, name, place = _kiosk(line[Column.NUMBER], known), line[Column.NAME], line[Column.PLACE]
    _require((name or kiosk) and len(name) <= LONGEST_NAME, Fault.NAME)
    _require(len(place) <= LONGEST_PLACE, Fault.PLACE)
    _require(not line[Column.MODE] or known_mode(line[Column.MODE]), Fault.MODE)
    return Wish(
        line=line.number,
        kiosk=kiosk.number if kiosk else None,
        name=name or None,
        place=place or None,
        counters=_counters(line[Column.COUNTERS], known, is_new=kiosk is None),
        mode=line[Column.MODE] or None,
        preferences=_preferences(line, kiosk),
        hours=_hours(line[Column.HOURS]),
    )


def _kiosk(number: str, known: Known) -> Kiosk | None:
    if not number:
        return None
    _require(_NUMBER.fullmatch(number) and int(number) in known.kiosks, Fault.NUMBER)
    return known.kiosks[int(number)]


def _counters(text: str, known: Known, *, is_new: bool) -> frozenset[int] | None:
    names = [name.strip().casefold() for name in text.split("|") if name.strip()]
    _require(names or not is_new, Fault.NO_COUNTER)
    _require(all(name in known.counters for name in names), Fault.COUNTER)
    return frozenset(known.counters[name] for name in names) or None


def _hours(cell: str) -> str | None:
    hours = cell.replace("|", "\n")
    try:
        read_form(hours)
    except HoursError as error:
        raise _UnusableLineError(Fault.HOURS) from error
    return hours or None


def _preferences(line: Line, kiosk: Kiosk | None) -> Preferences | None:
    """Return the preferences a line asks for, None when it says nothing of them."""
    qr, languages = line[Column.QR].casefold(), line[Column.LANGUAGES].casefold().replace(" ", "")
    seconds, days = line[Column.RESULT].replace(",", "."), line[Column.LEASE]
    if not (qr or languages or seconds or days):
        return None
    wanted = preferences_of(kiosk) if kiosk else _USUAL
    if qr:
        _require(qr in _YES | _NO, Fault.QR)
        wanted = replace(wanted, qr=qr in _YES)
    if languages:
        spoken = set(languages.split(","))
        _require(spoken <= set(LANGUAGES), Fault.LANGUAGE)
        wanted = replace(wanted, languages=tuple(one for one in LANGUAGES if one in spoken))
    if seconds:
        _require(_DECIMAL.fullmatch(seconds), Fault.RESULT)
        wanted = replace(wanted, result_seconds=float(seconds))
        _require(wanted.is_possible, Fault.RESULT)
    if days:
        _require(_DECIMAL.fullmatch(days) and days.isdigit(), Fault.LEASE)
        wanted = replace(wanted, lease_days=int(days))
        _require(wanted.is_possible, Fault.LEASE)
    return wanted
