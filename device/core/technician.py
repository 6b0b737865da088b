"""What somebody who stands before the zuil asks of it: which one are you, how are you, go to sleep."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from device import VERSION
from device.core import screens
from device.core.health import Health
from device.core.kiosk import Kiosk
from device.ports import Button, Journal, JournalError, Lights
from shared.domain.outcomes import Tone

INFORM_SECONDS: Final = 1.5
SHUT_DOWN_SECONDS: Final = 8.0
_LOOK_SECONDS: Final = 0.05
_SHOWN_SECONDS: Final = 15.0
_BLINKS: Final = 10
_BLINK_SECONDS: Final = 0.8
log = logging.getLogger(__name__)


class Ask(Enum):
    """What a press of the button means."""

    INFORM = auto()
    SHUT_DOWN = auto()


class Press:
    """The button over time: held for a moment it tells, held on it ends; each once a press."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._asked: Ask | None = None

    def look(self, at: float, *, down: bool) -> Ask | None:
        """Take one look at the button into account; `at` in monotonic seconds."""
        if not down:
            self._since, self._asked = None, None
            return None
        self._since = at if self._since is None else self._since
        held = at - self._since
        ask = Ask.SHUT_DOWN if held >= SHUT_DOWN_SECONDS else Ask.INFORM if held >= INFORM_SECONDS else None
        if ask is self._asked:
            return None
        self._asked = ask
        return ask


class Technician(threading.Thread):
    """Watches the button and does what is asked, also by the command line or the server.

    addresses: returns the machine's network addresses. shut_down: switches the machine off.
    """

    def __init__(
        self,
        button: Button,
        kiosk: Kiosk,
        lights: Lights,
        journal: Journal,
        health: Health,
        *,
        addresses: Callable[[], list[str]],
        shut_down: Callable[[], None],
    ) -> None:
        super().__init__(name="technician", daemon=True)
        self._button = button
        self._kiosk = kiosk
        self._lights = lights
        self._journal = journal
        self._health = health
        self._addresses = addresses
        self._shut_down = shut_down
        self._ended = threading.Event()
        self._blinks = 0

    def run(self) -> None:
        """Watch until stopped."""
        press = Press()
        self._button.open()
        next_blink = 0.0
        while not self._ended.wait(_LOOK_SECONDS):
            now = time.monotonic()
            ask = press.look(now, down=self._button.is_down())
            if ask is not None:
                self._answer(ask)
            if self._blinks and now >= next_blink:
                next_blink = now + _BLINK_SECONDS
                self._blink()
        self._button.close()

    def stop(self) -> None:
        """Stop watching."""
        self._ended.set()
        self.join()

    def identify(self) -> None:
        """Blink, sound and show the name for some seconds; any thread may call."""
        self._blinks = _BLINKS

    def _blink(self) -> None:
        self._blinks -= 1
        lit = self._blinks % 2 == 1
        self._kiosk.show_for(screens.name(self._kiosk.name, lit=lit), _BLINK_SECONDS * 2)
        if lit:
            self._lights.signal(Tone.CALM)

    def _answer(self, ask: Ask) -> None:
        if ask is Ask.INFORM:
            told = screens.information(self._kiosk.name, self._facts(), self._kiosk.language)
            self._kiosk.show_for(told, _SHOWN_SECONDS)
            return
        log.warning("The button was held: the zuil shuts down.")
        self._kiosk.show_for(screens.shutting_down(self._kiosk.language), _SHOWN_SECONDS)
        self._shut_down()

    def _facts(self) -> screens.Facts:
        try:
            queue = self._journal.state().queue
        except JournalError:
            queue = None
        codes = sorted(fault.value for fault in self._health.faults)
        return screens.Facts(self._addresses(), self._health.online, codes, queue, VERSION)
