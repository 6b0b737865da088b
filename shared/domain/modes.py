"""What a zuil can be for (rules 8.5): the one list that zuil, wire and server go by.

A mode stands here once the capability behind it exists, and not before: who may choose offers
these, who is told another says so and saves points (`docs/adr/0010-modes.md`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Mode(StrEnum):
    """What a zuil does with a card; the value travels in its configuration and in each tap."""

    CHECKIN = "checkin"


@dataclass(frozen=True, slots=True)
class ModeFacts:
    """What is behind a mode.

    capability: the server's package that judges what happens in it. asks_server: it touches money or
    stock, so it asks the server first, `ASK_SECONDS` at most; without an answer the visitor still saves
    a point and reads that the rest is not possible now.
    """

    capability: str
    asks_server: bool


ASK_SECONDS: Final = 1.5
MODES: Final[Mapping[Mode, ModeFacts]] = MappingProxyType(
    {Mode.CHECKIN: ModeFacts(capability="checkins", asks_server=False)}
)


def known_mode(text: str) -> Mode | None:
    """Return the mode of this name; None when this version does not have it."""
    return Mode(text) if text in set(Mode) else None
