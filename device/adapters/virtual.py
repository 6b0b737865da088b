"""A zuil without hardware: a reader, lights and a wall clock that a program moves."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from typing import Final, NamedTuple

from device.ports import NOTHING, OK, Sight
from shared.domain.numbers import parse_chip_number
from shared.domain.outcomes import Tone

KINDS: Final = ("ultralight", "desfire", "phone", "bank", "unreadable")
_LIGHT_SECONDS: Final = 2.0
_WAIT_SECONDS: Final = 0.1
_LOOK_SECONDS: Final = 0.04
_RANDOM_UID: Final = b"\x08"


class Held(NamedTuple):
    """A card held against the reader for some seconds: what the reader sees of it."""

    sight: Sight
    seconds: float


def hold(kind: str, chip: str, seconds: float, *, beside: str = "") -> Held:
    """Return what a reader sees of a card; `beside` is a second chip in the field.

    Raises:
        ValueError: an unknown kind, or a chip number that is none.
    """
    if kind not in KINDS:
        raise ValueError(f"A card is one of {', '.join(KINDS)}, not {kind!r}.")
    if kind == "unreadable":
        return Held(Sight(half_read=True), seconds)
    uid = _uid(kind, chip)
    others = {bytes.fromhex(parse_chip_number(beside))} if beside else set()
    return Held(Sight(frozenset({uid, *others})), seconds)


def _uid(kind: str, chip: str) -> bytes:
    """Return the unique id: phones show another one each time, bank cards have four bytes."""
    if kind == "phone":
        return _RANDOM_UID + os.urandom(3)
    if kind == "bank":
        return bytes.fromhex(chip)[:4] if chip else b"\x5a\x17\x3c\x01"
    return bytes.fromhex(parse_chip_number(chip))


class VirtualReader:
    """A card reader that sees what `present` holds before it, one after the other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[Held] = deque()
        self._now: tuple[Held, float] | None = None

    def present(self, held: Held) -> None:
        """Hold a card against the reader; any thread may call."""
        with self._changed:
            self._waiting.append(held)
            self._changed.notify_all()

    def open(self) -> None:
        """There is nothing to open."""

    def look(self) -> Sight:
        with self._changed:
            if self._now is not None:
                return self._still_there()
            if not self._changed.wait_for(lambda: self._waiting, _WAIT_SECONDS):
                return NOTHING
            held = self._waiting.popleft()
            self._now = (held, time.monotonic() + held.seconds)
            return held.sight

    def reset(self) -> None:
        """There is nothing to reset."""

    def close(self) -> None:
        """There is nothing to close."""

    def _still_there(self) -> Sight:
        """Return the card while it is held; when it goes, say so, as a PC/SC reader does."""
        held, until = self._now or (None, 0.0)
        if held is not None and time.monotonic() < until:
            self._changed.wait(min(_LOOK_SECONDS, max(0.0, until - time.monotonic())))
            return held.sight
        self._now = None
        # What was half read is not known to have been a card, so nothing is known to be gone.
        return NOTHING if held and held.sight.half_read else Sight(removed=True)


class VirtualButton:
    """A button that a program holds down for some seconds."""

    def __init__(self) -> None:
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """Hold it down; any thread may call."""
        self._until = time.monotonic() + seconds

    def open(self) -> None:
        """There is nothing to open."""

    def is_down(self) -> bool:
        return time.monotonic() < self._until

    def close(self) -> None:
        """There is nothing to close."""


class VirtualLights:
    """Lights and buzzer as a program can see them."""

    state = OK

    def __init__(self) -> None:
        self._signal: tuple[Tone, float] | None = None

    def open(self) -> None:
        """There is nothing to open."""

    def signal(self, tone: Tone) -> None:
        self._signal = (tone, time.monotonic())

    def close(self) -> None:
        """There is nothing to close."""

    @property
    def lit(self) -> Tone | None:
        """What is lit now: the tone of the last signal, for two seconds."""
        if self._signal is None or time.monotonic() - self._signal[1] > _LIGHT_SECONDS:
            return None
        return self._signal[0]


class MovableWall:
    """A wall clock that can be wrong by a number of seconds."""

    def __init__(self) -> None:
        self.offset_seconds = 0.0

    def __call__(self) -> float:
        """Return the wall time in seconds."""
        return time.time() + self.offset_seconds
