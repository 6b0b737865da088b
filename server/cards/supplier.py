"""The supplier's list of printed cards: `"chip";"number"`, one card on each line (rules 6.9a-b)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from shared.domain.numbers import InvalidNumberError, parse_chip_number, parse_uitpas_number

_COLUMNS: Final = 2
_BOM: Final = "\ufeff"
_BLANK: Final = " \t\r\n\x1a"
_HEADING: Final = re.compile(r'"?[^\W\d]+(?:[ -][^\W\d]+)*"?\s*;\s*"?[^\W\d]+(?:[ -][^\W\d]+)*"?')


class Fault(StrEnum):
    """Why a line of the list cannot become a card."""

    NOT_TWO_COLUMNS = "not_two_columns"
    BAD_CHIP = "bad_chip"
    BAD_NUMBER = "bad_number"
    WRONG_PREFIX = "wrong_prefix"
    CHIP_TWICE = "chip_twice"
    NUMBER_TWICE = "number_twice"
    CHIP_TAKEN = "chip_taken"
    NUMBER_TAKEN = "number_taken"
    OTHER_SYSTEM = "other_system"


class ListedCard(NamedTuple):
    """A good line: 14 hexadecimal digits and 13 digits."""

    line: int
    chip_number: str
    uitpas_number: str


class BadLine(NamedTuple):
    """A line that is not used; `sentence` says why, `text` is the line as it stands in the file."""

    line: int
    fault: Fault
    sentence: str
    text: str


@dataclass(slots=True)
class SupplierList:
    """Reads the lines of one list for one card system.

    prefixes: who owns which five-digit prefix. A number that starts with a prefix must start with
    one of `system`; when the system has registered none, any that no other system owns.
    """

    system: int
    prefixes: Mapping[str, int] = field(default_factory=dict)
    _chips: dict[str, int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def read(self, lines: Iterable[bytes]) -> Iterator[ListedCard | BadLine]:
        """Yield one outcome for each line that is not blank; a heading on the first line is passed over."""
        for position, raw in enumerate(lines, start=1):
            text = raw.decode("utf-8", "replace").removeprefix(_BOM).strip(_BLANK)
            if text and not (position == 1 and _is_heading(text)):
                yield self._line(position, text)

    def _line(self, position: int, text: str) -> ListedCard | BadLine:
        columns = [column.strip().strip('"').strip() for column in text.split(";")]
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
            return BadLine(position, Fault.BAD_NUMBER, str(error), text)
        if number.prefix is not None and not self._owns(number.prefix):
            sentence = f"Prefix {number.prefix} does not belong to card system {self.system}."
            return BadLine(position, Fault.WRONG_PREFIX, sentence, text)
        return self._once(ListedCard(position, chip, number.value), text)

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


def _is_heading(text: str) -> bool:
    """Tell whether a first line names its columns: two words, not one digit."""
    return _HEADING.fullmatch(text) is not None
