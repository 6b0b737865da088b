"""What the bridge on a counter's computer says to the balie page (docs/protocol.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

BRIDGE_PORT: Final = 8609
"""Where the bridge listens on the loopback, and where the page looks for it."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a Belgian eID says of its holder, as the registration form asks it.

    birth_date: ISO 8601; gender: MALE, FEMALE or empty; insz: eleven digits.
    """

    first_name: str
    last_name: str
    birth_date: str
    insz: str
    gender: str = ""
    nationality: str = ""
    street: str = ""
    house_number: str = ""
    box: str = ""
    postcode: str = ""
    place: str = ""


class IdentityFault(StrEnum):
    """Why there is no identity; the page has a sentence for each."""

    NO_READER = "no-reader"
    NO_CARD = "no-card"
    OTHER_CARD = "other-card"
    UNREADABLE = "unreadable"
