"""How the zuil is: what the heartbeat tells and what keeps people from tapping."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple, Protocol


class Fault(StrEnum):
    """What is wrong with a zuil; the value is the code on its display and in the manual."""

    READER = "E10"
    READER_HANGS = "E11"
    JOURNAL = "E20"
    STORAGE_READ_ONLY = "E21"
    STORAGE_NEARLY_FULL = "E22"
    STORAGE_SLOW = "E23"
    NEWER_FILES = "E24"
    ENROLMENT = "E30"
    LEASE = "E40"
    BLOCKED = "E50"
    SETTINGS = "E60"
    MODE = "E61"
    DISPLAY = "E70"
    LIGHTS = "E71"
    UNDER_VOLTAGE = "E72"
    HEAT = "E73"


MACHINE_FAULTS: Final = frozenset(
    {
        Fault.READER_HANGS,
        Fault.STORAGE_READ_ONLY,
        Fault.STORAGE_NEARLY_FULL,
        Fault.STORAGE_SLOW,
        Fault.DISPLAY,
        Fault.LIGHTS,
        Fault.UNDER_VOLTAGE,
        Fault.HEAT,
    }
)
"""What the supervision notices; the others are set where they happen."""
WARNINGS: Final = MACHINE_FAULTS - {Fault.READER_HANGS, Fault.STORAGE_READ_ONLY} | {Fault.MODE}
"""Faults with which people can still save points: their code stands beside the hour."""


LINK: Final = "link"
"""The subject of the notice that says why the server does not answer, or refuses."""


class Machine(Protocol):
    """The board under the zuil."""

    def faults(self) -> frozenset[Fault]:
        """Return what is wrong with SD card, power and warmth now; what cannot be measured is fine."""

    def ask_for_remount(self) -> None:
        """Ask the system to make the SD card writable again; never raises."""


class Readings(NamedTuple):
    """What the board measures (`shared.wire.messages.Telemetry`); None where it has no such meter."""

    temperature: float | None = None
    throttled: int = 0
    memory_free: int | None = None
    memory_total: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None
    wear: int | None = None
    written: int | None = None
    storage_errors: int = 0
    network: str = ""
    signal: int | None = None


class Gauges(Protocol):
    """The meters of the board."""

    def read(self) -> Readings:
        """Return what they show now; never raises."""


class Health:
    """States that the threads of a zuil set and its main loop reads. Every field is set whole.

    online: whether the last request reached the server. heard: the server's time in ms UTC at
    the last answer. notices: sentences for the technician by subject, such as a clock that makes
    TLS fail. round_trip: milliseconds of the last heartbeat. followed: monotonic seconds when this zuil
    last held everything the server had. reader_resets: since the start.
    """

    def __init__(self) -> None:
        self.reader = "starting"
        self.online = False
        self.heard: int | None = None
        self.faults: frozenset[Fault] = frozenset()
        self.notices: dict[str, str] = {}
        self.round_trip: int | None = None
        self.followed: float | None = None
        self.reader_resets = 0

    def set_fault(self, fault: Fault, *, present: bool) -> None:
        """Note that a fault is there, or is over."""
        self.faults = self.faults | {fault} if present else self.faults - {fault}

    def notice(self, subject: str, sentence: str | None) -> None:
        """Keep a sentence about one subject, or drop it."""
        others = {known: text for known, text in self.notices.items() if known != subject}
        self.notices = others if sentence is None else {**others, subject: sentence}

    def told(self) -> list[str]:
        """Return the faults and sentences for the heartbeat."""
        return [*sorted(self.faults), *self.sentences()]

    def sentences(self) -> list[str]:
        """Return the notices for the heartbeat.

        Why the server could not be reached is left out: once it reads that, it is no longer so, and
        nothing would take it back before the next heartbeat.
        """
        return [text for subject, text in self.notices.items() if self.online or subject != LINK]
