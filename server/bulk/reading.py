"""The rows of a list: what a file says, before anybody asks whether it can be (rules 14.9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from server.kernel.spreadsheets import NotATableError, rows_of
from server.registration.checks import HOME
from server.registration.facts import Fault, Joining, Person
from server.registration.form import birth_fault, read_day
from server.registration.moving import Address, address_of
from server.web.i18n import later
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number

MOST_ROWS: Final = 100_000
PART: Final = 50
"""Rows that are looked at, or carried out, in one transaction: nobody waits long for it."""
LONGEST: Final = 200
_INSZ_DIGITS: Final = 11
_CARD_DIGITS: Final = 13


class ListKind(StrEnum):
    """What a list asks for: to register people, or to write down where they live now."""

    REGISTER = "register"
    MOVE = "move"


class RowFault(StrEnum):
    """What can be wrong with a row beside what can be wrong with any registration."""

    COLUMNS = "columns"
    INSZ = "insz"
    STREET = "street"
    TARIFF = "tariff"
    INSZ_TWICE = "insz-twice"
    CARD_TWICE = "card-twice"


class ListError(ValueError):
    """A file cannot be taken in at all: it has no rows, or too many."""


COLUMNS: Final[Mapping[ListKind, tuple[str, ...]]] = {
    ListKind.REGISTER: (
        later("INSZ"),
        later("Naam"),
        later("Voornaam"),
        later("Geboortedatum"),
        later("Straat"),
        later("Postcode"),
        later("Gemeente"),
        later("UiTPAS-nummer"),
        later("Kansenstatuut"),
        later("Einddatum kansenstatuut"),
    ),
    ListKind.MOVE: (later("UiTPAS-nummer"), later("Straat"), later("Postcode"), later("Gemeente")),
}
"""By their place; a first line that names them may stand in the file."""
FEWEST: Final[Mapping[ListKind, int]] = {ListKind.REGISTER: 9, ListKind.MOVE: 4}


class Row(NamedTuple):
    """A row of a file. `line`: the one it ends on, from 1."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Asked:
    """What a row asks for; `faults`: what cannot be read of it. person: None for who moves."""

    card: str
    address: Address
    person: Person | None = None
    tariff_until: date | None = None
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def joining(self) -> Joining:
        """The membership that is asked for."""
        return Joining(self.card, self.tariff_until)


def read_parts(file: BinaryIO) -> Iterator[Sequence[Row]]:
    """Yield the rows of a file, `PART` at a time.

    Raises:
        ListError: see there.
    """
    rows = _rows(file)
    try:
        while part := list(islice(rows, PART)):
            yield part
    except NotATableError as error:
        raise ListError(str(error)) from error


def read_row(kind: ListKind, row: Row) -> Asked | None:
    """Return what a row asks for, None when it has other columns than its list."""
    cells, most = row.cells, len(COLUMNS[kind])
    if len(cells) < FEWEST[kind] or any(cells[most:]):
        return None
    cells = [*cells[:most], *[""] * (most - len(cells))]
    return _registration(cells) if kind is ListKind.REGISTER else _move(cells)


def card_number(text: str) -> str:
    """Return a UiTPAS number as it is kept, the empty text when this is none."""
    try:
        return parse_uitpas_number(text).value
    except InvalidNumberError:
        return ""


def _rows(file: BinaryIO) -> Iterator[Row]:
    count = 0
    for line, cells in rows_of(file):
        if not count and not any(character.isdigit() for cell in cells for character in cell):
            continue  # the names of the columns
        count += 1
        if count > MOST_ROWS:
            raise ListError("too many rows")
        yield Row(line, [cell[:LONGEST] for cell in cells])
    if not count:
        raise ListError("no rows")


def _registration(cells: Sequence[str]) -> Asked:
    insz, last, first, born, street, postcode, city, card, tariff, until = cells
    day, end = read_day(born), read_day(until) if tariff == "1" else None
    address = address_of(street, postcode, city)
    wrong = {
        # Who lives abroad has none; whether he may be registered is for the counter's rights (rules 4.4).
        "insz": "" if insz or address.country != HOME else RowFault.INSZ,
        **birth_fault(born),
        "street": "" if street else RowFault.STREET,
        "tariff": "" if tariff in {"0", "1"} else RowFault.TARIFF,
        "tariff_until": Fault.TARIFF_DATE if tariff == "1" and end is None else "",
    }
    person = Person(first, last, day or date.min, insz=_digits(insz, _INSZ_DIGITS), **address._asdict())
    faults = {name: str(fault) for name, fault in wrong.items() if fault}
    return Asked(_digits(card, _CARD_DIGITS), address, person, end, faults)


def _move(cells: Sequence[str]) -> Asked:
    card, street, postcode, city = cells
    faults = {} if street else {"street": str(RowFault.STREET)}
    return Asked(_digits(card, _CARD_DIGITS), address_of(street, postcode, city), faults=faults)


def _digits(text: str, count: int) -> str:
    """Return a number with the zeros that a spreadsheet took off its front."""
    return text.zfill(count) if text.isdecimal() else text
