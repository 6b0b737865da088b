"""What is never lost: every tap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from shared.wire.messages import (
    Clock,
    UploadItem,
    VerdictMessage,
)


class JournalError(Exception):
    """The journal could not be written or read: nothing was recorded; its text is one clear sentence."""


class Granted(NamedTuple):
    """The point of a tap, as the journal remembers it beside the tap's own bytes. `at` in ms UTC."""

    passholder: int
    event: str
    at: int
    points: int


class OwnCheckin(NamedTuple):
    """A check-in granted by this zuil; `acknowledged` when the server has it.

    at: ms UTC as the zuil knew it then; clock: the evidence, for when it knows better.
    """

    id: str
    event: str
    at: int
    points: int
    acknowledged: bool
    clock: Clock


class Batch(NamedTuple):
    """Rows of the journal that the server does not have yet, in order, and the chain before the first.

    oldest: the first number that the journal still holds.
    """

    items: list[UploadItem]
    previous: str
    oldest: int = 0


class JournalState(NamedTuple):
    """The journal in figures.

    through: acknowledged up to here; oldest: wall ms of the oldest unsent tap; parked: refused by the server.
    seconds: how long the disk took for the latest tap.
    """

    last_seq: int
    through: int
    queue: int
    parked: int
    oldest: int | None
    seconds: float = 0.0


class Journal(Protocol):
    """What people did: append-only, durable before anything is shown. Every method raises JournalError."""

    def append(self, tap_id: str, payload: bytes, granted: Granted | None) -> int:
        """Store a tap durably and return its sequence number."""

    def own_checkins(self, passholder: int) -> list[OwnCheckin]:
        """Return the check-ins of one pashouder that this zuil granted and the server did not undo."""

    def pending(self, limit: int) -> Batch:
        """Return at most `limit` rows after the acknowledged ones."""

    def acknowledge(self, verdicts: Sequence[VerdictMessage], through: int) -> None:
        """Note the server's verdicts and move the mark; refused rows are parked, never deleted."""

    def send_again(self, first: int) -> None:
        """Move the mark back: the server asks for everything from `first` on."""

    def check(self) -> None:
        """Write something durably, to see whether the journal can be written again after a fault."""

    def prune(self, today: int, keep: int) -> int:
        """Delete rows that were acknowledged `keep` days ago or longer, parked ones and the last excepted.

        A server that is put back from a backup asks again for what it was handed since; when it was
        tapped says nothing of that. today: the number of the day on which the server was heard last;
        called every day, so that it is known what was acknowledged by then.
        """

    def state(self) -> JournalState:
        """Return the figures for heartbeat and status."""

    def tidy(self) -> None:
        """Move the write-ahead log into the file; call it while nobody taps."""
