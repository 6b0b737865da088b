"""What the server entrusted to this zuil, and may want destroyed."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from shared.wire.messages import (
    Clock,
    Parting,
)


class Standing(StrEnum):
    """Whether the server wants this zuil, as it last said."""

    GOOD = "good"
    BLOCKED = "blocked"
    """Blocked; the journal is being handed in."""
    ERASING = "erasing"
    ERASED = "erased"
    """Keys and cards are gone; only another one-time code makes this a zuil again."""


class EntrustedError(Exception):
    """Keys and cards could not be destroyed, or that could not be noted; its text is one sentence."""


class Entrusted(Protocol):
    """Keys, credentials and cards: the server's, and destroyed on its word. Methods raise EntrustedError."""

    @property
    def standing(self) -> Standing:
        """How the zuil stands, also after a restart."""

    @property
    def order(self) -> str:
        """The id of the command that orders the destruction, empty when there is none."""

    def is_void(self, code: str) -> bool:
        """Return whether this one-time code made the zuil that was blocked: it is not tried again."""

    def block(self, order: str = "") -> None:
        """Note durably that the zuil is blocked, or that a command orders it to destroy what it has."""

    def allow(self) -> None:
        """Note durably that the zuil is wanted."""

    def destroy(self) -> None:
        """Destroy keys, credentials and cards, never the journal; a power cut only makes it take longer."""

    def parting(self, now: Clock) -> Parting | None:
        """Return what the server does not know yet: that all of it is gone. The first `now` is when."""

    def parted(self) -> None:
        """Note durably that the server knows."""
