"""The reader's own thread: look, look again, and open anew after a fault."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from device.core.health import Fault, Health
from device.core.presence import Field, Presented
from device.ports import OK, CardReader, ReaderError

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 15.0
log = logging.getLogger(__name__)


class ReaderWatch(threading.Thread):
    """Watches one reader and hands over what is presented. A reader that is away is a state, never an end."""

    def __init__(self, reader: CardReader, health: Health, present: Callable[[Presented], None]) -> None:
        super().__init__(name="reader", daemon=True)
        self._reader = reader
        self._health = health
        self._present = present
        self._ended = threading.Event()

    def run(self) -> None:
        """Open the reader and watch it, until stopped; after a fault try again, ever more patiently."""
        pause = _FIRST_PAUSE
        while not self._ended.is_set():
            try:
                self._reader.open()
                self._state(OK)
                pause = _FIRST_PAUSE
                self._watch()
            except ReaderError as error:
                self._state(str(error))
            except Exception:  # a driver's bug must not end the zuil
                log.exception("The card reader's driver failed.")
                self._state("The card reader's driver failed.")
            finally:
                self._reader.close()
            self._ended.wait(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def stop(self) -> None:
        """Stop after the look that is under way."""
        self._ended.set()
        self.join()

    def _watch(self) -> None:
        field = Field()
        while not self._ended.is_set():
            presented = field.look(self._reader.look(), time.monotonic())
            if presented is not None:
                self._present(presented)

    def _state(self, state: str) -> None:
        if state != self._health.reader:
            log.info("Card reader: %s", state)
        self._health.reader = state
        self._health.set_fault(Fault.READER, present=state != OK)
