"""The reader's own thread: look, look again, and open anew after a fault."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar

from device.core.health import Fault, Health
from device.core.presence import Field, Presented
from device.ports import OK, CardReader, ReaderError

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
_OPEN_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 5.0
_RESET_AFTER: Final = 3
_STOP_SECONDS: Final = 3.0
_Answer = TypeVar("_Answer")
log = logging.getLogger(__name__)


class ReaderWatch(threading.Thread):
    """Watches one reader and hands over what is presented. A reader that is away is a state, never an end."""

    def __init__(self, reader: CardReader, health: Health, present: Callable[[Presented], None]) -> None:
        super().__init__(name="reader", daemon=True)
        self._reader = reader
        self._health = health
        self._present = present
        self._ended = threading.Event()
        self._answer_by: float | None = None
        self._failures = 0

    @property
    def hangs(self) -> bool:
        """Whether the reader is past the time in which any reader answers."""
        answer_by = self._answer_by
        return answer_by is not None and time.monotonic() > answer_by

    def reset(self) -> None:
        """Reset the reader, from another thread than the one that waits for it."""
        self._health.reader_resets += 1
        self._reader.reset()

    def run(self) -> None:
        """Open the reader and watch it, until stopped; after a fault try again, ever more patiently."""
        pause = _FIRST_PAUSE
        while not self._ended.is_set():
            try:
                self._within(_OPEN_SECONDS, self._reader.open)
                self._state(OK)
                pause, self._failures = _FIRST_PAUSE, 0
                self._watch()
            except ReaderError as error:
                self._failed(str(error))
            except Exception:  # a driver's bug must not end the zuil
                log.exception("The card reader's driver failed.")
                self._failed("The card reader's driver failed.")
            finally:
                self._reader.close()
            self._ended.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop after the look that is under way; a reader that hangs is left to the end of the process."""
        self._ended.set()
        self.join(_STOP_SECONDS)

    def _watch(self) -> None:
        field = Field()
        while not self._ended.is_set():
            presented = field.look(self._within(_LOOK_SECONDS, self._reader.look), time.monotonic())
            if presented is not None:
                self._present(presented)

    def _within(self, seconds: float, ask: Callable[[], _Answer]) -> _Answer:
        """Ask the reader, and let others see when it takes too long."""
        self._answer_by = time.monotonic() + seconds
        try:
            return ask()
        finally:
            self._answer_by = None

    def _failed(self, sentence: str) -> None:
        """Note a failure; one that stays away is reset now and then: some wake up of nothing else."""
        self._state(sentence)
        self._failures += 1
        if self._failures % _RESET_AFTER == 0:
            self.reset()

    def _state(self, state: str) -> None:
        if state != self._health.reader:
            log.info("Card reader: %s", state)
        self._health.reader = state
        self._health.set_fault(Fault.READER, present=state != OK)
