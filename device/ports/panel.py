"""What people see, hear and press."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from shared.domain.outcomes import Tone
from shared.wire.messages import (
    LogoMessage,
)


class ScreenKind(StrEnum):
    """What a screen is for."""

    STARTING = "starting"
    IDLE = "idle"
    CODE = "code"
    WAIT = "wait"
    RESULT = "result"
    OUT_OF_ORDER = "out_of_order"
    BRAND = "brand"
    """The logo of the card system."""
    INFORMATION = "information"
    """For the technician: a headline and `lines`."""


class Icon(StrEnum):
    """A shape that is understood without reading."""

    NONE = ""
    TICK = "tick"
    CROSS = "cross"
    INFO = "info"
    CLOCK = "clock"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture, described: what stands where is the display's business.

    big: a word of two or three characters that fills the screen, such as "+1".
    code: the text of a QR code, empty for none. title: the event. clock: the hour as HH:MM.
    """

    kind: ScreenKind
    headline: str = ""
    detail: str = ""
    big: str = ""
    icon: Icon = Icon.NONE
    tone: Tone | None = None
    title: str = ""
    clock: str = ""
    code: str = ""
    lines: tuple[str, ...] = ()
    logo: LogoMessage | None = None


class Display(Protocol):
    """A panel. `show` hands the screen over and returns at once; the newest screen wins."""

    @property
    def wide(self) -> bool:
        """Whether a QR code and the idle text fit beside each other."""

    @property
    def state(self) -> str:
        """`ok`, or one sentence about what is wrong."""

    @property
    def resets(self) -> int:
        """How often the panel was lost since the start, and had to be opened anew."""

    def open(self) -> None:
        """Start showing; a panel that is away is a state, never an exception."""

    def show(self, screen: Screen) -> None:
        """Show this screen from now on."""

    def close(self) -> None:
        """Blank the panel and let go of it."""


class Lights(Protocol):
    """Lights and buzzer; people can do without, so a fault is a state, never an exception."""

    @property
    def state(self) -> str:
        """`ok`, or one sentence about what is wrong."""

    def open(self) -> None:
        """Take the pins; lights out."""

    def signal(self, tone: Tone) -> None:
        """Light up and sound for one outcome, then go out; returns at once."""

    def close(self) -> None:
        """Lights out, and let go of the pins."""


class Button(Protocol):
    """The technician's button; a zuil without one has a button that nobody presses. Never raises."""

    def open(self) -> None:
        """Take the pin."""

    def is_down(self) -> bool:
        """Return whether the button is held now."""

    def close(self) -> None:
        """Let go of the pin."""
