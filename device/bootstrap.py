"""The life of a zuil on one page: what starts, in which order, and the reverse order in which it stops."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, cast

from device.adapters.machine import PiMachine
from device.adapters.oled import PanelDisplay, open_capture, open_panel
from device.adapters.virtual import VirtualButton, VirtualLights, VirtualReader
from device.control import Control, ControlServer
from device.core import screens
from device.core.deeds import LOG_LINES
from device.core.health import Fault
from device.core.housekeeping import housekeeping
from device.core.supervision import Supervision
from device.core.watch import ReaderWatch
from device.logs import RecentLines
from device.parts import Place, StartError, Zuil
from device.settings import DisplaySettings

_STOP_SECONDS: Final = 3.0


@contextmanager
def running(place: Place, stop: threading.Event) -> Iterator[Zuil]:
    """Start a zuil but for its main loop, `kiosk.run(stop)`; afterwards stop it in the reverse order.

    Raises:
        StartError: a part without which there is no zuil cannot start.
    """
    with ExitStack() as life:
        life.enter_context(_alone_in(place.state))
        display = PanelDisplay(place.settings.display, open_capture if place.is_virtual else open_panel)
        _start(life, display.open, display.close)
        display.show(screens.starting("nl"))
        zuil = Zuil(place, display, stop, _listening_log(life))
        life.callback(zuil.journal.close)
        life.callback(zuil.cache.close)
        life.callback(zuil.link.close)
        # Before anything starts: a zuil that cannot be controlled must not use up its one-time code.
        control = None if place.control is None else _control(zuil, place.control)
        if control is not None:
            life.callback(control.close)
        _start(life, zuil.lights.open, zuil.lights.close)
        watch = ReaderWatch(zuil.reader, zuil.health, zuil.kiosk.present)
        _start(life, watch.start, watch.stop)
        supervision = Supervision(
            watch,
            PiMachine(place.state),
            zuil.journal,
            zuil.health,
            display=display,
            lights=zuil.lights,
            restart=stop.set,
        )
        _start(life, supervision.start, supervision.finish)
        life.callback(zuil.sync.stop, _STOP_SECONDS)
        for loop in zuil.loops:
            _start(life, loop.start, loop.end)
        tidying = housekeeping(zuil.kiosk, zuil.journal, zuil.cache, zuil.health)
        _start(life, tidying.start, tidying.finish)
        if control is not None:
            _start(life, control.start, control.stop)
        _start(life, zuil.technician.start, zuil.technician.stop)
        zuil.notifier.ready("started")
        life.callback(zuil.notifier.stopping)
        yield zuil
        stop.set()


def show_wrong_setting() -> None:
    """Say on the usual panel that a setting is wrong: which one stands in the log."""
    display = PanelDisplay(DisplaySettings(), open_panel)
    display.open()
    display.leave(screens.out_of_order(Fault.SETTINGS, "nl"))
    display.close()


def _listening_log(life: ExitStack) -> RecentLines:
    """Keep the last lines of the log for as long as this zuil runs."""
    lines, log = RecentLines(LOG_LINES), logging.getLogger()
    log.addHandler(lines)
    life.callback(log.removeHandler, lines)
    return lines


def _control(zuil: Zuil, port: int) -> ControlServer:
    # Only a virtual zuil has a control port.
    reader, lights = cast("VirtualReader", zuil.reader), cast("VirtualLights", zuil.lights)
    control = Control(
        kiosk=zuil.kiosk,
        reader=reader,
        display=zuil.display,
        lights=lights,
        button=cast("VirtualButton", zuil.button),
        wall=zuil.wall,
        link=zuil.link,
        sync=zuil.sync,
        journal=zuil.journal,
        cache=zuil.cache,
        clock=zuil.clock,
        health=zuil.health,
        updating=zuil.updating,
    )
    try:
        return ControlServer(control, port)
    except OSError as error:
        raise StartError(
            f"Port {port} for the control of the virtual zuil cannot be used: {error}."
            " Choose another with --control; the one-time code was not used."
        ) from error


def _start(life: ExitStack, start: Callable[[], None], stop: Callable[[], None]) -> None:
    start()
    life.callback(stop)


@contextmanager
def _alone_in(state: Path) -> Iterator[None]:
    """Make the state directory and keep every other zuil out of it."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("a")
    except OSError as error:
        raise StartError(f"The state directory {state} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StartError(f"Another zuil is running in {state}.") from error
        # Who holds the lock, for `zuil identify`.
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
