"""UiTPAS numbers and chip numbers (rules 6.2-6.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UITPAS_DIGITS: Final = 13
CHIP_DIGITS: Final = 14
PREFIX_DIGITS: Final = 5
SERIAL_DIGITS: Final = 6
SERIALS: Final = 10**SERIAL_DIGITS
"""How many serials a prefix has."""
_UID_BYTES: Final = 7
_HEX: Final = frozenset("0123456789ABCDEF")
_DIGITS: Final = frozenset("0123456789")
_NUMBER_NOISE: Final = str.maketrans("", "", " .-\t")
_CHIP_NOISE: Final = str.maketrans("", "", " :-\t")
_PLAIN: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))
"""The sum of the two digits of a doubled digit."""


class InvalidNumberError(ValueError):
    """A number that cannot be a UiTPAS or chip number; its text is one clear sentence."""


class KansenDigitError(InvalidNumberError):
    """A UiTPAS number whose kansen digit is neither 0 nor 1."""


class CheckDigitError(InvalidNumberError):
    """A UiTPAS number whose last digit does not match the others."""


@dataclass(frozen=True, slots=True)
class UitpasNumber:
    """A valid UiTPAS number: 13 digits, the 12th the kansen digit, the 13th Luhn's check digit."""

    value: str
    social_tariff: bool

    @property
    def prefix(self) -> str | None:
        """The five digits that belong to a card system, or None for a number without prefix."""
        return self.value[:PREFIX_DIGITS] if self.value.startswith("0") else None


def luhn_check_digit(digits: str) -> str:
    """Return Luhn's check digit (ISO/IEC 7812-1) for a string of digits that does not have one yet."""
    raw = digits.encode("ascii")
    return str(-(sum(raw[::-2].translate(_DOUBLED)) + sum(raw[-2::-2].translate(_PLAIN))) % 10)


def make_uitpas_number(prefix: str, serial: int, *, social_tariff: bool) -> str:
    """Return the number with a prefix of five digits and a serial below `SERIALS` (rules 6.3)."""
    body = f"{prefix}{serial:0{SERIAL_DIGITS}d}{int(social_tariff)}"
    return body + luhn_check_digit(body)


def parse_uitpas_number(text: str) -> UitpasNumber:
    """Read a UiTPAS number as people type it; spaces, dots and dashes are ignored.

    Raises:
        InvalidNumberError: not 13 digits, kansen digit not 0 or 1, or a wrong check digit.
    """
    value = text.translate(_NUMBER_NOISE)
    if len(value) != UITPAS_DIGITS or not _DIGITS.issuperset(value):
        raise InvalidNumberError("A UiTPAS number has 13 digits.")
    if value[-2] not in "01":
        raise KansenDigitError("The twelfth digit of a UiTPAS number is 0 or 1.")
    if luhn_check_digit(value[:-1]) != value[-1]:
        raise CheckDigitError("The last digit of this UiTPAS number does not match the others.")
    return UitpasNumber(value, social_tariff=value[-2] == "1")


def parse_chip_number(text: str) -> str:
    """Read a chip number: 14 hexadecimal digits, returned in upper case without separators.

    Raises:
        InvalidNumberError: not 14 hexadecimal digits.
    """
    value = text.translate(_CHIP_NOISE).upper()
    if len(value) != CHIP_DIGITS or not _HEX.issuperset(value):
        raise InvalidNumberError("A chip number has 14 hexadecimal digits.")
    return value


def chip_number_from_uid(uid: bytes) -> str:
    """Return the chip number of a card's unique id.

    Raises:
        InvalidNumberError: not 7 bytes, as with phones (4 random bytes) and many bank cards.
    """
    if len(uid) != _UID_BYTES:
        raise InvalidNumberError(f"A UiTPAS chip has a number of 7 bytes, not {len(uid)}.")
    return uid.hex().upper()
