"""Looking after the hardware: what is wrong gets a code, what can be mended is mended, tapping goes on."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from device.core.health import MACHINE_FAULTS, Fault, Health, Machine
from device.core.loops import Loop
from device.core.watch import ReaderWatch
from device.ports import OK, Display, Journal, JournalError, Lights, LinkError

_EVERY_SECONDS: Final = 2.0
_RESTART_SECONDS: Final = 45.0
_SLOW_SECONDS: Final = 1.0
_SLOW_LASTS_SECONDS: Final = 600.0
"""One slow write is told this long: a quiet zuil may not write another before morning."""
_REMOUNT_SECONDS: Final = 600.0
log = logging.getLogger(__name__)


class Supervision(Loop):
    """Turns the states of the hardware into faults.

    A reader that hangs is reset; one that hangs on holds a thread that nothing can end, so `restart`
    is called and the service manager starts the zuil anew: nobody can tap in the meantime anyway.
    """

    def __init__(
        self,
        watch: ReaderWatch,
        machine: Machine,
        journal: Journal,
        health: Health,
        *,
        display: Display,
        lights: Lights,
        restart: Callable[[], None],
    ) -> None:
        super().__init__("supervision", self._look, self._asks_nobody)
        self._watch = watch
        self._machine = machine
        self._journal = journal
        self._health = health
        self._display = display
        self._lights = lights
        self._restart = restart
        self._hanging_since: float | None = None
        self._remounted: float | None = None
        self._slow_at: tuple[int, float] | None = None

    def _look(self) -> float:
        found = set(self._machine.faults())
        if self._display.state != OK:
            found.add(Fault.DISPLAY)
        if self._lights.state != OK:
            found.add(Fault.LIGHTS)
        if self._is_slow():
            found.add(Fault.STORAGE_SLOW)
        if self._reader_hangs():
            found.add(Fault.READER_HANGS)
        for fault in MACHINE_FAULTS:
            if (fault in found) != (fault in self._health.faults):
                log.warning("%s: %s", fault.value, "noticed" if fault in found else "over")
                self._health.set_fault(fault, present=fault in found)
        if Fault.STORAGE_READ_ONLY in found:
            self._mend_storage()
        return _EVERY_SECONDS

    def _mend_storage(self) -> None:
        now = time.monotonic()
        if self._remounted is None or now - self._remounted > _REMOUNT_SECONDS:
            self._remounted = now
            self._machine.ask_for_remount()

    def _is_slow(self) -> bool:
        try:
            written = self._journal.state()
        except JournalError:
            return False  # it has a code of its own
        if written.seconds <= _SLOW_SECONDS:
            self._slow_at = None
        elif self._slow_at is None or self._slow_at[0] != written.last_seq:
            self._slow_at = (written.last_seq, time.monotonic())
        return self._slow_at is not None and time.monotonic() - self._slow_at[1] < _SLOW_LASTS_SECONDS

    def _reader_hangs(self) -> bool:
        now = time.monotonic()
        if not self._watch.hangs:
            self._hanging_since = None
            return False
        if self._hanging_since is None:
            self._hanging_since = now
            self._watch.reset()
        elif now - self._hanging_since > _RESTART_SECONDS:
            log.error("The card reader hangs, also after a reset: the zuil starts anew.")
            self._hanging_since = now
            self._restart()
        return True

    @staticmethod
    def _asks_nobody(error: LinkError) -> None:
        raise AssertionError("supervision asks nobody") from error
