"""A panel that goes and comes back: a state, never the end, and the newest screen wins."""

from __future__ import annotations

import threading
import time

import pytest

from device.adapters.oled import PanelDisplay, open_capture
from device.core import screens
from device.settings import DisplaySettings


def until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


@pytest.fixture
def bus(monkeypatch):
    """A bus of which the cable can be pulled."""
    monkeypatch.setattr("device.adapters.oled._RETRY_SECONDS", 0.05)
    return threading.Event()


@pytest.fixture
def display(bus):
    def open_device(settings):
        if bus.is_set():
            raise OSError(121, "Remote I/O error")
        device = open_capture(settings)
        real = device.display

        def send(image):
            if bus.is_set():
                raise OSError(121, "Remote I/O error")
            real(image)

        device.display = send
        return device

    display = PanelDisplay(DisplaySettings(), open_device)
    display.open()
    yield display
    display.close()


def test_a_panel_that_goes_is_a_state_and_shows_the_newest_screen_when_it_is_back(display, bus):
    display.show(screens.starting("nl"))
    assert display.wait_for_frame(0, 5)
    bus.set()
    display.show(screens.wait("nl"))
    until(lambda: "Remote I/O error" in display.state)
    before = time.monotonic()
    display.show(screens.wait("fr"))
    display.show(screens.wait("en"))
    assert time.monotonic() - before < 0.1, "nobody waits for a panel"
    frames = display.frames
    bus.clear()
    assert display.wait_for_frame(frames, 5)
    until(lambda: display.state == "ok")
    assert display.frames == frames + 1, "the newest one only"


def test_a_panel_that_is_gone_does_not_keep_the_zuil_from_stopping(display, bus, caplog):
    display.show(screens.starting("nl"))
    assert display.wait_for_frame(0, 5)
    bus.set()
    display.close()
    assert "Remote I/O error" in caplog.text
