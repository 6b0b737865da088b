"""The panel, through luma: painting and sending happen in a thread of their own.

Sending takes 3 to 184 ms, depending on the panel (`design/hardware.md`); the tap loop never
waits for it, and when screens come faster than the panel takes them, the newest one wins.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from PIL import Image

from device.adapters.paint import Painter
from device.ports import OK, Screen
from device.settings import DisplaySettings

_RETRY_SECONDS: Final = 5.0
_FIRST_FRAME_SECONDS: Final = 4.0
log = logging.getLogger(__name__)


class Panel(NamedTuple):
    """What a kind of panel looks like."""

    width: int
    height: int
    greys: bool


PANELS: Final = {
    "ssd1306": Panel(128, 64, greys=False),
    "sh1106": Panel(128, 64, greys=False),
    "sh1107": Panel(128, 128, greys=False),
    "ssd1327": Panel(128, 128, greys=True),
    "ssd1322": Panel(256, 64, greys=True),
}

Device = Any
"""A luma device: `display(image)`, `cleanup()`, `mode`, `width`, `height`; luma has no types."""


def open_panel(settings: DisplaySettings) -> Device:
    """Open the real panel; luma's own errors come through."""
    from luma.core.interface.serial import i2c, spi
    from luma.oled import device

    panel = PANELS[settings.panel]
    if settings.bus == "i2c":
        serial = i2c(port=settings.port, address=settings.address)
    else:
        serial = spi(port=0, device=settings.port)
    return getattr(device, settings.panel)(
        serial, width=panel.width, height=panel.height, rotate=settings.rotate
    )


def open_capture(settings: DisplaySettings) -> Device:
    """Open a panel that exists in memory only, with luma's own frame buffer."""
    from luma.core.device import dummy

    panel = PANELS[settings.panel]
    return dummy(
        width=panel.width, height=panel.height, rotate=settings.rotate, mode="RGB" if panel.greys else "1"
    )


class PanelDisplay:
    """A display on a luma device, which `open_device` opens, and opens again after a fault."""

    def __init__(self, settings: DisplaySettings, open_device: Callable[[DisplaySettings], Device]) -> None:
        panel = PANELS[settings.panel]
        width, height = (panel.height, panel.width) if settings.rotate % 2 else (panel.width, panel.height)
        self._settings = settings
        self._open_device = open_device
        self._painter = Painter(width, height, greys=panel.greys)
        self._device: Device | None = None
        self._changed = threading.Condition()
        self._wanted: Screen | None = None
        self._shown: Screen | None = None
        self._ended = False
        self._left = False
        self._thread = threading.Thread(target=self._run, name="display", daemon=True)
        self.frames = 0
        self.resets = 0
        self.frame: Image.Image | None = None
        self.state = OK

    @property
    def wide(self) -> bool:
        return self._painter.wide

    def open(self) -> None:
        self._thread.start()

    def show(self, screen: Screen) -> None:
        with self._changed:
            self._wanted = screen
            self._changed.notify_all()

    def leave(self, screen: Screen) -> None:
        """Show a last screen, which stays when the zuil has stopped."""
        self._left = True
        self.show(screen)

    def close(self) -> None:
        """Stop; the panel goes dark, unless a last screen was left."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        if self._device is not None:
            self._device.persist = self._left
            try:
                self._device.cleanup()
            except Exception as error:  # noqa: BLE001 - luma raises what its bus library raises
                # Its words only: an error in a kept log line would keep the whole zuil.
                log.warning("The display cannot be blanked: %s", f"{error}")

    def picture(self) -> bytes:
        """Return what is on the panel as PNG, pixel by pixel; empty before the first screen."""
        if self.frame is None:
            self.wait_for_frame(0, _FIRST_FRAME_SECONDS)
        picture = io.BytesIO()
        if self.frame is not None:
            self.frame.save(picture, "PNG")
        return picture.getvalue()

    def wait_for_frame(self, after: int, seconds: float) -> bool:
        """Wait until more than `after` frames were shown."""
        with self._changed:
            return self._changed.wait_for(lambda: self.frames > after, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ended or self._wanted is not self._shown)
                screen = self._wanted
                if screen is None or (self._ended and screen is self._shown):
                    return
            if self._draw(screen):
                self._shown = screen
            elif self._ended:
                return

    def _draw(self, screen: Screen) -> bool:
        """Paint and send one screen; a panel that is away is opened again after a while."""
        try:
            if self._device is None:
                self._device = self._open_device(self._settings)
            image = self._painter.paint(screen)
            self._device.display(image.convert(self._device.mode))
        except Exception as error:  # noqa: BLE001 - luma raises what its bus library raises
            if self.state == OK:
                log.warning("The display cannot be used: %s", error)
                self.resets += 1
            self.state, self._device = f"The display cannot be used: {error}", None
            with self._changed:
                self._changed.wait_for(lambda: self._ended, _RETRY_SECONDS)
            return False
        with self._changed:
            self.state, self.frame = OK, image
            self.frames += 1
            self._changed.notify_all()
        return True
