"""Amounts of money as people write and read them."""

from __future__ import annotations

import re
from typing import Final

from babel.numbers import format_currency

from server.web.i18n import Translator

_AMOUNT: Final = re.compile(r"(?:€ ?)?([0-9]{1,6})(?:[.,]([0-9]{1,2}))?(?: ?€)?")
CENTS: Final = 100


def read_cents(text: str) -> int | None:
    """Read `2`, `2,5`, `2.50` or `€ 2,50`; None when it is no amount."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    return int(found[1]) * CENTS + int((found[2] or "").ljust(2, "0"))


def euros(_: Translator, cents: int) -> str:
    """Return an amount, `€ 2,50`."""
    return format_currency(cents / CENTS, "EUR", locale={"en": "en_IE"}.get(_.language, f"{_.language}_BE"))
