"""The server, as the core speaks with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from shared.wire.messages import (
    Changes,
    CommandReport,
    Enrolment,
    EnrolmentRequest,
    Heartbeat,
    HeartbeatAnswer,
    LookupAnswer,
    LookupRequest,
    Parting,
    Receipt,
    ReleaseOffer,
    SnapshotInfo,
    Upload,
    UploadAnswer,
)


class LinkError(Exception):
    """The server could not be asked, or refused; its text is one sentence.

    again: whether the same request may succeed later. type: which refusal (`shared.wire.problems`).
    status: of HTTP, 0 when there was no answer. pause: how many seconds the server asks to wait.
    """

    def __init__(
        self, sentence: str, *, again: bool = True, type_: str = "", status: int = 0, pause: float = 0
    ) -> None:
        super().__init__(sentence)
        self.again = again
        self.type = type_
        self.status = status
        self.pause = pause


class ServerLink(Protocol):
    """The server. Any thread may call; every method raises LinkError."""

    @property
    def enrolled(self) -> bool:
        """Whether this zuil has credentials."""

    @property
    def kiosk(self) -> int | None:
        """The number of the zuil that the credentials are for."""

    def is_new(self, code: str) -> bool:
        """Return whether the credentials were not made with this one-time code."""

    def enrol(self, request: EnrolmentRequest) -> Enrolment:
        """Exchange the one-time code for credentials and keep them."""

    def renew(self) -> None:
        """Exchange the credentials for fresh ones and keep those; the server asked for it."""

    def upload(self, upload: Upload) -> UploadAnswer:
        """Hand in taps."""

    def changes(self, cursor: str, config: str) -> Changes:
        """Ask what is new."""

    def snapshots(self) -> list[SnapshotInfo]:
        """Ask which snapshot files to load."""

    def fetch(self, snapshot: SnapshotInfo) -> Path:
        """Download a snapshot, resuming where an earlier attempt stopped, and check hash and signature."""

    def fetch_release(self, offer: ReleaseOffer, pace: Callable[[int], None]) -> Path:
        """Download a release, resuming; `pace` is told of every piece's bytes and takes its time."""

    def listen(self) -> Iterator[str]:
        """Yield an empty text once when the stream is open, and at every wake-up the name of its event."""

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Say how the zuil is."""

    def lookup(self, request: LookupRequest, seconds: float) -> LookupAnswer:
        """Ask about an unknown card; gives up after `seconds`."""

    def report(self, command_id: str, report: CommandReport) -> Receipt:
        """Say what became of a command."""

    def part(self, parting: Parting) -> Receipt:
        """Say that keys and cards are destroyed; needs no credentials."""

    def seal(self, chip_number: str) -> bytes:
        """Return the chip number sealed to the server; needs no network."""
