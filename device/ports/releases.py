"""The releases on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol


class ReleaseError(Exception):
    """A release cannot be taken; its text is one sentence. refused: nor will it be the next time."""

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


class FailedRelease(NamedTuple):
    """A release that was tried and left: by which order, and why."""

    version: str
    order: str
    reason: str


class ReleaseStanding(NamedTuple):
    """How the zuil came to run what it runs.

    running: its release, `factory` for the program of the SD card. order: what asked for it, empty when
    nothing did. before: the release to go back to.
    """

    running: str
    order: str
    before: str
    failed: FailedRelease | None


class Releases(Protocol):
    """The releases beside each other on the SD card. Methods that change something raise ReleaseError."""

    @property
    def trial(self) -> tuple[str, ...] | None:
        """What must be good before this release proved itself; None when it need not (any more)."""

    def standing(self) -> ReleaseStanding:
        """Return how the zuil came to run what it runs."""

    def has_room(self, needed: int) -> bool:
        """Tell whether so many bytes can be written, and enough stays free."""

    def holds(self, version: str) -> bool:
        """Tell whether a release is here, whole, and signed by who is trusted."""

    def install(self, bundle: Path, version: str, pause: Callable[[], None]) -> None:
        """Put a bundle's release beside the others; `pause` is called before each of its files."""

    def check(self, version: str) -> None:
        """Raise ReleaseError when this zuil cannot run a release that is here, as its files are now."""

    def want(self, version: str, order: str, good: tuple[str, ...]) -> None:
        """Have the next start try a release; `good`: what is good now, and must be good then."""

    def prove(self) -> None:
        """Note durably that the release that runs is a good one."""

    def tell_unproven(self, text: str) -> None:
        """Keep what is not good yet, for who reads later why it went back; never raises."""

    def tidy(self, keep: str) -> None:
        """Remove the releases that are of no use any more, but for `keep`; never raises."""
