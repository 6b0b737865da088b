"""A birth date as people type it on a phone."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

_DAY_FIRST: Final = re.compile(r"(\d{1,2})\D+(\d{1,2})\D+(\d{4})")
_YEAR_FIRST: Final = re.compile(r"(\d{4})\D+(\d{1,2})\D+(\d{1,2})")
_EIGHT: Final = re.compile(r"(\d{2})(\d{2})(\d{4})")


def parse_birth_date(text: str, today: date) -> date | None:
    """Read `2/3/1983`, `02 03 1983`, `02031983` or `1983-03-02`; None when it is not a day up to `today`."""
    text = text.strip()
    if year_first := _YEAR_FIRST.fullmatch(text):
        year, month, day = map(int, year_first.groups())
    elif found := _DAY_FIRST.fullmatch(text) or _EIGHT.fullmatch(text):
        day, month, year = map(int, found.groups())
    else:
        return None
    try:
        born = date(year, month, day)
    except ValueError:
        return None
    return born if born <= today else None
