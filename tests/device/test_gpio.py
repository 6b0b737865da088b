"""Lights and buzzer through the RPi.GPIO API."""

from __future__ import annotations

import sys
import threading
import time
from types import ModuleType

import pytest

from device.adapters.gpio import GpioLights
from device.settings import LightsSettings
from shared.domain.outcomes import Tone

GREEN, RED, BUZZER = 17, 27, 22


class FakeGpio(ModuleType):
    """The part of RPi.GPIO that the zuil uses; keeps what was put on the pins."""

    BCM, OUT, LOW, HIGH = 11, 0, 0, 1

    def __init__(self):
        super().__init__("RPi.GPIO")
        self.level, self.history, self.cleaned = {}, [], False
        self.changed = threading.Condition()

    def setmode(self, mode):
        assert mode == self.BCM

    def setwarnings(self, on):
        """Nothing to warn of."""

    def setup(self, pin, direction, initial):
        self.level[pin] = initial

    def output(self, pin, level):
        with self.changed:
            self.level[pin] = level
            self.history.append((pin, level))
            self.changed.notify_all()

    def cleanup(self):
        self.cleaned = True

    def wait_for(self, true):
        with self.changed:
            assert self.changed.wait_for(true, 10)


@pytest.fixture
def gpio(monkeypatch):
    fake, package = FakeGpio(), ModuleType("RPi")
    package.GPIO = fake
    monkeypatch.setitem(sys.modules, "RPi", package)
    monkeypatch.setitem(sys.modules, "RPi.GPIO", fake)
    return fake


@pytest.fixture
def lights(gpio):
    lights = GpioLights(LightsSettings())
    lights.open()
    yield lights
    lights.close()


def test_the_pins_start_dark(gpio, lights):
    assert gpio.level == {GREEN: 0, RED: 0, BUZZER: 0}


@pytest.mark.parametrize(
    ("tone", "lit", "beeps"),
    [(Tone.GOOD, {GREEN}, 1), (Tone.CALM, {GREEN, RED}, 2), (Tone.BAD, {RED}, 1)],
)
def test_each_tone_has_its_lights_and_its_sound(gpio, lights, tone, lit, beeps):
    lights.signal(tone)
    gpio.wait_for(lambda: gpio.history.count((BUZZER, 0)) == beeps)
    assert {pin for pin in (GREEN, RED) if gpio.level[pin]} == lit


def test_a_signal_returns_at_once_and_a_newer_one_cuts_it_short(gpio, lights):
    begin = time.monotonic()
    lights.signal(Tone.BAD)
    lights.signal(Tone.GOOD)
    assert time.monotonic() - begin < 0.05
    gpio.wait_for(lambda: gpio.level[GREEN] == 1 and gpio.level[RED] == 0)


def test_lights_go_out_and_the_pins_are_given_back(gpio):
    lights = GpioLights(LightsSettings())
    lights.open()
    lights.signal(Tone.GOOD)
    gpio.wait_for(lambda: gpio.level[GREEN] == 1)
    lights.close()
    assert gpio.level == {GREEN: 0, RED: 0, BUZZER: 0}
    assert gpio.cleaned


def test_a_machine_without_pins_only_loses_its_lights(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "RPi", None)
    lights = GpioLights(LightsSettings())
    lights.open()
    lights.signal(Tone.GOOD)
    lights.close()
    assert "cannot be used" in caplog.text
