"""What is known of cards and events; it can always be fetched again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from shared.wire.cards import CardRow
from shared.wire.messages import (
    Changes,
    KioskConfig,
    SnapshotInfo,
)


class CacheError(Exception):
    """The cache cannot be read or written; its text is one sentence.

    damaged: the file is broken and can only be thrown away and fetched again.
    """

    def __init__(self, sentence: str, *, damaged: bool = False) -> None:
        super().__init__(sentence)
        self.damaged = damaged


class CacheState(NamedTuple):
    """The cache in figures."""

    cards: int
    cursor: str
    config: str


class PassCache(Protocol):
    """A copy of the server's data that can be thrown away. Methods raise CacheError."""

    def card(self, token: int) -> CardRow | None:
        """Return the card with this token."""

    def checkins(self, passholder: int, event: str) -> list[tuple[str, int]]:
        """Return (id, ms UTC) of the known check-ins of a pashouder on an event."""

    def has_checkin(self, checkin_id: str) -> bool:
        """Return whether the feed brought this check-in, and with it the balance after it."""

    def config(self) -> KioskConfig | None:
        """Return the zuil's configuration, None before the first one."""

    def former_keys(self) -> dict[int, bytes]:
        """Return, by card system, the key of the cards that are here when the configuration has another."""

    def apply(self, changes: Changes) -> None:
        """Apply one answer of the server in small transactions; the cursor moves last."""

    def checksums(self) -> dict[str, str]:
        """Return the checksum of the cards by card system id, as `Changes.checksums`."""

    def replace(self, snapshots: Sequence[tuple[SnapshotInfo, Path]]) -> None:
        """Build a fresh cache from verified snapshot files beside the old one, and swap."""

    def start_over(self) -> None:
        """Throw a damaged cache away and begin with an empty one."""

    def remember(self, key: str, value: str) -> None:
        """Keep a small fact about this zuil, such as when the server was last heard."""

    def recall(self, key: str) -> str | None:
        """Return a small fact."""

    def state(self) -> CacheState:
        """Return the figures for heartbeat and status."""

    def tidy(self) -> None:
        """Move the write-ahead log into the file; call it while nobody taps."""
