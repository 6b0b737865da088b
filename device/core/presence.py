"""From what the reader sees to what people do: one card held for ten seconds is one tap.

The rules, each with a test:
- a card is a tap when it comes into the field, and not again before it was away for a moment;
- another card while the first one lies there is two cards; when the first turns out to be gone,
  it is the next person;
- a card pulled away half read is unreadable only when it was not read after all;
- a phone or a bank card, whatever number it shows this time, is one foreign card.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

from device.ports import Sight
from shared.domain.numbers import InvalidNumberError, chip_number_from_uid

AWAY_SECONDS: Final = 0.7
TWO_CARDS_SECONDS: Final = 0.35
HALF_READ_SECONDS: Final = 0.5
_FOREIGN: Final = "foreign"


class Presence(Enum):
    """What was held against the reader."""

    CARD = auto()
    FOREIGN = auto()
    TWO = auto()
    UNREADABLE = auto()


class Presented(NamedTuple):
    """Something was presented; `chip_number` of a card only."""

    presence: Presence
    chip_number: str = ""


class Field:
    """The field of the reader over time. `at` is in monotonic seconds."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._rival: str | None = None
        self._half: tuple[float, float] | None = None
        self._half_told = False

    def look(self, sight: Sight, at: float) -> Presented | None:
        """Take one look into account; return what was presented, if this look decides it."""
        if sight.removed:
            self._seen = {}
        self._forget(at)
        cards = {_identity(uid) for uid in sight.uids}
        if cards:
            self._half = None
        if len(cards) > 1:
            return self._several(cards, at)
        if cards:
            return self._one(cards.pop(), at)
        return self._rival_alone(at) or self._half_read(at, seen=sight.half_read)

    def _forget(self, at: float) -> None:
        self._seen = {card: seen for card, seen in self._seen.items() if at - seen < AWAY_SECONDS}

    def _several(self, cards: set[str], at: float) -> Presented | None:
        known = cards <= self._seen.keys()
        self._seen.update(dict.fromkeys(cards, at))
        self._rival = None
        return None if known else Presented(Presence.TWO)

    def _one(self, card: str, at: float) -> Presented | None:
        if card in self._seen:
            self._seen[card] = at
            if self._rival is None:
                return None
            self._seen[self._rival], self._rival = at, None
            return Presented(Presence.TWO)
        if self._is_clear(at):
            return self._accept(card, at)
        self._rival = card
        return None

    def _rival_alone(self, at: float) -> Presented | None:
        """Accept a second card, though it may be gone again, once the first one proves to be away."""
        if self._rival is None or not self._is_clear(at):
            return None
        return self._accept(self._rival, at)

    def _is_clear(self, at: float) -> bool:
        return all(at - seen >= TWO_CARDS_SECONDS for seen in self._seen.values())

    def _accept(self, card: str, at: float) -> Presented:
        self._seen, self._rival, self._half = {card: at}, None, None
        if card == _FOREIGN:
            return Presented(Presence.FOREIGN)
        return Presented(Presence.CARD, card)

    def _half_read(self, at: float, *, seen: bool) -> Presented | None:
        if self._seen:
            return None
        if seen:
            self._half = (self._half[0] if self._half else at, at)
        if self._half is None:
            return None
        first, last = self._half
        tell = not self._half_told and at - first >= HALF_READ_SECONDS
        self._half_told = self._half_told or tell
        if at - last >= AWAY_SECONDS:
            self._half, self._half_told = None, False
        return Presented(Presence.UNREADABLE) if tell else None


def _identity(uid: bytes) -> str:
    try:
        return chip_number_from_uid(uid)
    except InvalidNumberError:
        return _FOREIGN
