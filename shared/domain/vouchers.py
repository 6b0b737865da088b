"""Voucher numbers: a prefix, nine characters that nobody can guess, and one that catches a typing error."""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no letter that looks like a digit or another letter."""
RANDOM_CHARACTERS: Final = 9
RANDOM_VALUES: Final = len(ALPHABET) ** RANDOM_CHARACTERS
SHORTEST_PREFIX: Final = 2
LONGEST_PREFIX: Final = 6
_TAIL: Final = RANDOM_CHARACTERS + 1
_READ_AS: Final = str.maketrans("OIL", "011", " -.\t")


class InvalidVoucherError(ValueError):
    """This cannot be a voucher number."""


def make_voucher_number(prefix: str, value: int) -> str:
    """Return the number, as it is kept, with a prefix and a value below `RANDOM_VALUES`."""
    digits = [ALPHABET[value // len(ALPHABET) ** place % len(ALPHABET)] for place in range(RANDOM_CHARACTERS)]
    body = normal_prefix(prefix) + "".join(digits)
    return body + _check_character(body)


def parse_voucher_number(text: str) -> str:
    """Read a number as people type it and return it as it is kept: O is 0, I and L are 1.

    Raises:
        InvalidVoucherError: too short or too long, a character that is in no number, or a typing error.
    """
    number = normal_prefix(text)
    if not SHORTEST_PREFIX + _TAIL <= len(number) <= LONGEST_PREFIX + _TAIL:
        raise InvalidVoucherError("A voucher number has 12 to 16 letters and digits.")
    if not number.isascii() or not number.isalnum() or _check_character(number[:-1]) != number[-1]:
        raise InvalidVoucherError("A character of this voucher number is wrong.")
    return number


def shown_number(number: str, prefix: str) -> str:
    """Return a number as it is printed: `GROEP-7KQ2M-9XDPC`, with the prefix as its maker wrote it."""
    tail = number[-_TAIL:]
    return f"{prefix}-{tail[: _TAIL // 2]}-{tail[_TAIL // 2 :]}"


def normal_prefix(text: str) -> str:
    """Return how letters and digits are kept, whoever types them."""
    return text.upper().translate(_READ_AS)


def _check_character(body: str) -> str:
    """Return a sum with odd weights: it catches any wrong character, and most that changed places."""
    total = sum((2 * place + 1) * ALPHABET.find(character) for place, character in enumerate(reversed(body)))
    return ALPHABET[total % len(ALPHABET)]
