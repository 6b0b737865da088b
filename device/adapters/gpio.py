"""Lights and buzzer on the GPIO pins, through the RPi.GPIO API."""

from __future__ import annotations

import logging
import os
import queue
import tempfile
import threading
import time
from typing import Any, Final

from device.ports import OK
from device.settings import ButtonSettings, LightsSettings
from shared.domain.outcomes import Tone

_LIGHT_SECONDS: Final = 2.0
_BEEPS: Final = {Tone.GOOD: (0.08,), Tone.CALM: (0.06, 0.06), Tone.BAD: (0.4,)}
_PAUSE_SECONDS: Final = 0.08
_RETRY_SECONDS: Final = 5.0
log = logging.getLogger(__name__)


class GpioLights:
    """A green light, a red one and a buzzer. Green: a point. Both: nothing wrong. Red: to the desk."""

    def __init__(self, settings: LightsSettings) -> None:
        self._settings = settings
        self._lit = {
            Tone.GOOD: (settings.green,),
            Tone.CALM: (settings.green, settings.red),
            Tone.BAD: (settings.red,),
        }
        self._gpio: Any = None
        self._tried = 0.0
        self.state = OK
        self._signals: queue.SimpleQueue[Tone | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="lights", daemon=True)

    def open(self) -> None:
        """Take the pins; a machine without them only has a state, for people can do without lights."""
        self._take()
        self._thread.start()

    def signal(self, tone: Tone) -> None:
        self._signals.put(tone)

    def close(self) -> None:
        self._signals.put(None)
        self._thread.join()
        if self._gpio is not None:
            self._gpio.cleanup()
            self._gpio = None

    def _take(self) -> bool:
        """Take the pins, at most every few seconds; return whether they can be used."""
        if self._gpio is not None:
            return True
        now = time.monotonic()
        if self._tried and now - self._tried < _RETRY_SECONDS:
            return False
        self._tried = now
        # rpi-lgpio's library writes a pipe into the working directory, which the service may not.
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        try:
            from RPi import GPIO

            GPIO.setmode(GPIO.BCM)
            GPIO.setwarnings(False)  # noqa: FBT003 - the API's own form
            for pin in (self._settings.green, self._settings.red, self._settings.buzzer):
                GPIO.setup(pin, GPIO.OUT, initial=GPIO.LOW)
        except Exception as error:  # noqa: BLE001 - each GPIO library raises its own
            self._lose(error)
            return False
        self._gpio, self.state = GPIO, OK
        return True

    def _lose(self, error: Exception) -> None:
        if self.state == OK:
            log.warning("The lights and the buzzer cannot be used: %s", error)
        self._gpio, self.state = None, f"The lights and the buzzer cannot be used: {error}"

    def _run(self) -> None:
        tone = self._signals.get()
        while tone is not None:
            if not self._take():
                tone = self._signals.get()
                continue
            try:
                tone = self._show(tone)
            except Exception as error:  # noqa: BLE001 - pins that are gone must not end the thread
                self._lose(error)
                tone = self._signals.get()

    def _show(self, tone: Tone) -> Tone | None:
        """Show one signal; a newer one cuts it short and is returned."""
        self._set(self._lit[tone], on=True)
        try:
            for beep in _BEEPS[tone]:
                self._set((self._settings.buzzer,), on=True)
                newer = self._newer(beep)
                self._set((self._settings.buzzer,), on=False)
                newer = newer or self._newer(_PAUSE_SECONDS)
                if newer:
                    return newer[0]
            newer = self._newer(_LIGHT_SECONDS)
        finally:
            self._set(self._lit[tone], on=False)
        return newer[0] if newer else self._signals.get()

    def _newer(self, seconds: float) -> tuple[Tone | None] | None:
        """Return a signal that came within `seconds`, in a tuple because None means the end."""
        try:
            return (self._signals.get(timeout=seconds),)
        except queue.Empty:
            return None

    def _set(self, pins: tuple[int, ...], *, on: bool) -> None:
        for pin in pins:
            self._gpio.output(pin, self._gpio.HIGH if on else self._gpio.LOW)


class GpioButton:
    """A button between a pin and ground; looked at, for edge detection fails on newer kernels."""

    def __init__(self, settings: ButtonSettings) -> None:
        self._pin = settings.pin
        self._gpio: Any = None

    def open(self) -> None:
        os.environ.setdefault("LG_WD", tempfile.gettempdir())
        try:
            from RPi import GPIO

            GPIO.setmode(GPIO.BCM)
            GPIO.setup(self._pin, GPIO.IN, pull_up_down=GPIO.PUD_UP)
        except Exception as error:  # noqa: BLE001 - each GPIO library raises its own
            log.warning("The button cannot be used: %s", error)
            return
        self._gpio = GPIO

    def is_down(self) -> bool:
        if self._gpio is None:
            return False
        try:
            return bool(self._gpio.input(self._pin) == self._gpio.LOW)
        except Exception as error:  # noqa: BLE001 - idem
            log.warning("The button cannot be used any more: %s", error)
            self._gpio = None
            return False

    def close(self) -> None:
        if self._gpio is not None:
            self._gpio.cleanup(self._pin)
            self._gpio = None


class NoButton:
    """For a zuil without a button."""

    def open(self) -> None:
        """There is nothing to open."""

    def is_down(self) -> bool:
        return False

    def close(self) -> None:
        """There is nothing to close."""


class NoLights:
    """For a zuil without lights."""

    state = OK

    def open(self) -> None:
        """There is nothing to open."""

    def signal(self, tone: Tone) -> None:
        """There is nothing to light."""

    def close(self) -> None:
        """There is nothing to close."""
