"""The reader of cards, and that of the Belgian eID."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from shared.wire.bridge import Identity, IdentityFault


class Sight(NamedTuple):
    """What the reader saw in one look: unique ids of the cards in the field, or a card half read.

    removed: the reader itself says that what was there before is gone; most readers cannot tell.
    """

    uids: frozenset[bytes] = frozenset()
    half_read: bool = False
    removed: bool = False


NOTHING = Sight()


class ReaderError(Exception):
    """The reader is away or does not answer; its text is one clear sentence."""


class CardReader(Protocol):
    """A card reader. One thread calls it; after a `ReaderError` the caller closes and opens again."""

    def open(self) -> None:
        """Open the reader; may take seconds. Raises ReaderError."""

    def look(self) -> Sight:
        """Look once at the field and return within about 100 ms. Raises ReaderError."""

    def reset(self) -> None:
        """Reset a reader that hangs, as if it were plugged in anew; any thread may call, never raises."""

    def close(self) -> None:
        """Let go of the reader; never raises."""


class IdentityError(Exception):
    """No identity card could be read."""

    def __init__(self, fault: IdentityFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class IdentityReader(Protocol):
    """Reads the identity card that is in a reader now; keeps nothing of it."""

    def read(self) -> Identity:
        """Return who the card is of, within a few seconds. Raises IdentityError."""

    def photo(self) -> bytes:
        """Return the photo on the card, a JPEG of a few kB. Raises IdentityError."""
