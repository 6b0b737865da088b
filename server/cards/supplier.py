"""The supplier's list of printed cards: `"chip";"number"`, one card on each line (rules 6.9a-b)."""

from __future__ import annotations

import re
from bisect import bisect_right
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.numbers import (
    CheckDigitError,
    InvalidNumberError,
    KansenDigitError,
    parse_chip_number,
    parse_uitpas_number,
)
from shared.domain.packages import package_of, place_of

_COLUMNS: Final = 2
_BOM: Final = "\ufeff"
_BLANK: Final = " \t\r\n\x1a"
_APART: Final = re.compile("[;\t]")
"""A spreadsheet that saves "Unicode text" puts tabs between its columns."""
_HEADING: Final = re.compile(r'"?[^\W\d]+(?:[ -][^\W\d]+)*"?\s*[;\t]\s*"?[^\W\d]+(?:[ -][^\W\d]+)*"?')


class Fault(StrEnum):
    """Why a line of the list cannot become a card."""

    NOT_TWO_COLUMNS = "not_two_columns"
    BAD_CHIP = "bad_chip"
    BAD_NUMBER = "bad_number"
    BAD_CHECK_DIGIT = "bad_check_digit"
    BAD_KANSEN_DIGIT = "bad_kansen_digit"
    OTHER_KANSEN_DIGIT = "other_kansen_digit"
    WRONG_PREFIX = "wrong_prefix"
    CHIP_TWICE = "chip_twice"
    NUMBER_TWICE = "number_twice"
    CHIP_TAKEN = "chip_taken"
    NUMBER_TAKEN = "number_taken"
    OTHER_SYSTEM = "other_system"


class ListedCard(NamedTuple):
    """A good line: 14 hexadecimal digits and 13 digits. package: the first place of its package."""

    line: int
    chip_number: str
    uitpas_number: str
    package: int = 0

    @property
    def social_tariff(self) -> bool:
        """Whether the number is one for holders with the kansentarief."""
        return self.uitpas_number[-2] == "1"


class BadLine(NamedTuple):
    """A line that is not used; `sentence` says why, `text` is the line as it stands in the file."""

    line: int
    fault: Fault
    sentence: str
    text: str


class OrderedRange(NamedTuple):
    """The places of an order (`shared.domain.packages.place_of`), from `start` to just before `end`."""

    start: int
    end: int
    social_tariff: bool


@dataclass(slots=True)
class SupplierList:
    """Reads the lines of one list for one card system.

    prefixes: who owns which five-digit prefix. A number that starts with a prefix must start with
    one of `system`; when the system has registered none, any that no other system owns.
    ordered: what the system had printed, by place.
    """

    system: int
    prefixes: Mapping[str, int] = field(default_factory=dict)
    ordered: Sequence[OrderedRange] = ()
    _chips: dict[str, int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def read(self, lines: Iterable[bytes]) -> Iterator[ListedCard | BadLine]:
        """Yield one outcome for each line that is not blank; a heading on the first line is passed over."""
        for position, raw in enumerate(lines, start=1):
            text = raw.decode("utf-8", "replace").removeprefix(_BOM).strip(_BLANK)
            if text and not (position == 1 and _is_heading(text)):
                yield self._line(position, text)

    def _line(self, position: int, text: str) -> ListedCard | BadLine:
        columns = [column.strip().strip('"').strip() for column in _APART.split(text)]
        if len(columns) != _COLUMNS:
            sentence = 'A line has two columns: "chip";"number".'
            return BadLine(position, Fault.NOT_TWO_COLUMNS, sentence, text)
        try:
            chip = parse_chip_number(columns[0])
        except InvalidNumberError as error:
            return BadLine(position, Fault.BAD_CHIP, str(error), text)
        try:
            number = parse_uitpas_number(columns[1])
        except InvalidNumberError as error:
            return BadLine(position, _number_fault(error), str(error), text)
        if number.prefix is not None and not self._owns(number.prefix):
            sentence = f"Prefix {number.prefix} does not belong to card system {self.system}."
            return BadLine(position, Fault.WRONG_PREFIX, sentence, text)
        order = self._order_of(number.value)
        if order is not None and order.social_tariff != number.social_tariff:
            sentence = "This number was ordered with the other kansen digit."
            return BadLine(position, Fault.OTHER_KANSEN_DIGIT, sentence, text)
        package = package_of(number.value, order.start if order else 0)
        return self._once(ListedCard(position, chip, number.value, package), text)

    def _order_of(self, uitpas_number: str) -> OrderedRange | None:
        place = place_of(uitpas_number)
        found = bisect_right(self.ordered, place, key=lambda order: order.start) - 1
        return self.ordered[found] if found >= 0 and place < self.ordered[found].end else None

    def _owns(self, prefix: str) -> bool:
        owner = self.prefixes.get(prefix)
        if owner is None:
            return self.system not in self.prefixes.values()
        return owner == self.system

    def _once(self, card: ListedCard, text: str) -> ListedCard | BadLine:
        earlier = self._chips.get(card.chip_number)
        if earlier is not None:
            return BadLine(card.line, Fault.CHIP_TWICE, f"This chip is also on line {earlier}.", text)
        earlier = self._numbers.get(card.uitpas_number)
        if earlier is not None:
            return BadLine(card.line, Fault.NUMBER_TWICE, f"This number is also on line {earlier}.", text)
        self._chips[card.chip_number] = card.line
        self._numbers[card.uitpas_number] = card.line
        return card


def lines_of(content: bytes) -> list[bytes]:
    """Return the lines of a file in UTF-8, also of one that a spreadsheet saved in UTF-16."""
    if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode()
    elif content[1:2] == b"\0" or content[:1] == b"\0":
        content = content.decode("utf-16-le" if content[1:2] == b"\0" else "utf-16-be", "replace").encode()
    return content.splitlines()


def _number_fault(error: InvalidNumberError) -> Fault:
    if isinstance(error, KansenDigitError):
        return Fault.BAD_KANSEN_DIGIT
    return Fault.BAD_CHECK_DIGIT if isinstance(error, CheckDigitError) else Fault.BAD_NUMBER


def _is_heading(text: str) -> bool:
    """Tell whether a first line names its columns: two words, not one digit."""
    return _HEADING.fullmatch(text) is not None
