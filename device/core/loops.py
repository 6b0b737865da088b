"""A loop that survives: what fails is tried again, ever more patiently, and never stops another loop."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from device.core.notes import NotesError
from device.ports import CacheError, EntrustedError, JournalError, LinkError

_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 120.0
_REFUSED_PAUSE: Final = 30.0
log = logging.getLogger(__name__)


class Loop(threading.Thread):
    """Calls `step` again and again; it returns how many seconds to wait.

    unreachable: called with every error of the link.
    """

    def __init__(
        self, name: str, step: Callable[[], float], unreachable: Callable[[LinkError], None]
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._step = step
        self._unreachable = unreachable
        self._wake = threading.Event()
        self._ended = False
        self.failures = 0

    def run(self) -> None:
        """Run until stopped."""
        while not self._ended:
            seconds = self.turn()
            self._wake.wait(seconds)
            self._wake.clear()

    def turn(self) -> float:
        """Take one step; return how long to wait before the next."""
        try:
            seconds = self._tell_of(self._step)
        except LinkError as error:
            seconds = self._failed(str(error), _FIRST_PAUSE if error.again else _REFUSED_PAUSE)
            return max(seconds, jittered(error.pause))
        except (CacheError, JournalError, EntrustedError, NotesError) as error:
            return self._failed(str(error), _FIRST_PAUSE)
        except Exception:  # a bug in one loop must not stop the zuil
            log.exception("The %s loop failed.", self.name)
            return self._failed("see above", _FIRST_PAUSE)
        if self.failures:
            log.info("%s: works again", self.name)
        self.failures = 0
        return seconds

    def wake(self) -> None:
        """Take the next step now; any thread may call."""
        self._wake.set()

    def end(self) -> None:
        """Let the loop end after the step that is under way."""
        self._ended = True
        self._wake.set()

    def finish(self) -> None:
        """End the loop and wait for the step that is under way."""
        self.end()
        self.join()

    def _tell_of(self, step: Callable[[], float]) -> float:
        try:
            return step()
        except LinkError as error:
            # What this does may fail in its own way, as on a full disk: then that is why the turn failed.
            self._unreachable(error)
            raise

    def _failed(self, sentence: str, first: float) -> float:
        self.failures += 1
        if self.failures == 1:
            log.warning("%s: %s", self.name, sentence)
        return jittered(min(first * 2 ** min(self.failures - 1, 10), _LONGEST_PAUSE))


def jittered(seconds: float) -> float:
    """Return about as many seconds, so that 5,000 zuilen do not come back at the same moment."""
    return seconds * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, guards nothing
