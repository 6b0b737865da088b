"""What is asked of an e-mail address."""

from __future__ import annotations

import re
from typing import Final

LONGEST_EMAIL: Final = 254
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")


def is_email(text: str) -> bool:
    """Tell whether something can be an e-mail address: it has an `@` and a `.` (rules 4.7)."""
    return len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text) is not None
