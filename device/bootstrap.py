"""A zuil from its parts: the one place that names the adapters.

`running` is the whole life of the process on one page: what starts, in which order, and the
reverse order in which it stops.
"""

from __future__ import annotations

import fcntl
import logging
import os
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, cast

from device import VERSION
from device.adapters.cache import SqliteCache
from device.adapters.credentials import DamagedCredentialsError
from device.adapters.entrusted import EntrustedFiles, finish_erasing
from device.adapters.gpio import GpioButton, GpioLights, NoButton, NoLights
from device.adapters.host import addresses, power_off, reboot
from device.adapters.journal import SqliteJournal
from device.adapters.link import HttpLink
from device.adapters.machine import PiMachine
from device.adapters.notebook import CommandFile
from device.adapters.notify import Notifier
from device.adapters.oled import PanelDisplay, open_capture, open_panel
from device.adapters.readers import reader_for
from device.adapters.releases import launched
from device.adapters.sqlite import NewerSchemaError
from device.adapters.virtual import MovableWall, VirtualButton, VirtualLights, VirtualReader
from device.adapters.vitals import PiGauges
from device.control import Control, ControlServer
from device.core import report, screens
from device.core.arrival import Arrival
from device.core.clock import ServerClock, boot_id
from device.core.commands import Commands
from device.core.deeds import LOG_LINES, deeds, refuse_reboot
from device.core.health import Fault, Health
from device.core.housekeeping import housekeeping
from device.core.kiosk import Kiosk
from device.core.parting import PartingWord
from device.core.proving import Proving
from device.core.selftest import SelfTest
from device.core.supervision import Supervision
from device.core.sync import HEARD, Sync
from device.core.tap import TapDesk, prepare
from device.core.technician import Technician
from device.core.updating import Updating
from device.core.watch import ReaderWatch
from device.logs import LogsError, RecentLines, recent
from device.ports import Button, CacheError, CardReader, JournalError, Lights, Standing
from device.settings import DisplaySettings, Settings, proxy_address, release_keys
from shared.domain.modes import known_mode
from shared.wire.messages import Heartbeat, KioskConfig

_STOP_SECONDS: Final = 3.0
_MODEL: Final = Path("/proc/device-tree/model")
log = logging.getLogger(__name__)


class StartError(Exception):
    """The zuil cannot start; its text is one clear sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this zuil runs. control: the port of a virtual zuil, None for a real one."""

    settings: Settings
    state: Path
    control: int | None = None


@dataclass(frozen=True, slots=True)
class Zuil:
    """The parts of a zuil. The files are open; nothing else has started."""

    display: PanelDisplay
    reader: CardReader
    lights: Lights
    wall: MovableWall
    health: Health
    journal: SqliteJournal
    cache: SqliteCache
    clock: ServerClock
    link: HttpLink
    kiosk: Kiosk
    sync: Sync
    commands: Commands
    parting: PartingWord
    arrival: Arrival
    updating: Updating
    proving: Proving
    button: Button
    technician: Technician
    notifier: Notifier


@contextmanager
def running(place: Place, stop: threading.Event) -> Iterator[Zuil]:
    """Start a zuil but for its main loop, `kiosk.run(stop)`; afterwards stop it in the reverse order.

    Raises:
        StartError: a part without which there is no zuil cannot start.
    """
    virtual = place.control is not None
    with ExitStack() as life:
        life.enter_context(_alone_in(place.state))
        display = PanelDisplay(place.settings.display, open_capture if virtual else open_panel)
        _start(life, display.open, display.close)
        display.show(screens.starting("nl"))
        zuil = _assemble(place, display, stop, _listening_log(life))
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
        _start(life, zuil.commands.start, zuil.commands.end)
        _start(life, zuil.parting.start, zuil.parting.end)
        _start(life, zuil.arrival.start, zuil.arrival.end)
        _start(life, zuil.updating.start, zuil.updating.end)
        _start(life, zuil.proving.start, zuil.proving.end)
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


def _assemble(place: Place, display: PanelDisplay, stop: threading.Event, recent_lines: RecentLines) -> Zuil:
    """Put the parts together."""
    wall, health, notifier = MovableWall(), Health(), Notifier()
    clock = ServerClock(boot_id(), wall=wall)
    journal, cache, link = _open_files(place, display, clock)
    heard = int(cache.recall(HEARD) or 0)
    if heard:
        health.heard = heard
        clock.not_before(heard)
    reader, lights, button = _hardware(place)
    kiosk = Kiosk(
        TapDesk(cache, journal, link, clock),
        display,
        lights,
        clock,
        health,
        recorded=lambda: sync.upload.wake(),  # noqa: PLW0108 - sync is made below
        alive=notifier.alive,
        turned=lambda: sync.heartbeat.wake(),  # noqa: PLW0108 - idem
    )
    entrusted = EntrustedFiles(place.state, cache, link)
    health.set_fault(Fault.BLOCKED, present=entrusted.standing is not Standing.GOOD)
    gauges = PiGauges(place.state)

    def describe() -> Heartbeat:
        return report.heartbeat(
            kiosk,
            journal,
            cache,
            display=display,
            clock=clock,
            health=health,
            gauges=gauges,
            release=updating.report,
        )

    def configured(config: KioskConfig) -> None:
        if kiosk.identified not in (None, config.identify):
            technician.identify()
        # An older zuil than its server goes on saving points, and says so (ADR 10).
        health.set_fault(Fault.MODE, present=known_mode(config.mode) is None)
        kiosk.configure(prepare(config, cache.former_keys()))
        updating.follow(config.release, config.withdrawn)

    def dismissed() -> None:
        commands.end()
        kiosk.forget()
        parting.wake()

    sync = Sync(
        link,
        journal,
        cache,
        clock,
        health,
        entrusted=entrusted,
        configured=configured,
        dismissed=dismissed,
        describe=describe,
        ordered=lambda given: commands.take(given),  # noqa: PLW0108 - it is made below
    )
    technician = Technician(
        button,
        kiosk,
        lights,
        journal,
        health,
        addresses=addresses,
        shut_down=power_off if place.control is None else stop.set,
    )
    is_virtual = place.control is not None
    test = SelfTest(kiosk, journal, cache, clock, health, display=display, lights=lights)
    releases = launched(place.state, release_keys(place.settings))
    updating = Updating(
        releases,
        link,
        quiet=lambda: kiosk.seconds_since_tap,
        test=test,
        announce=sync.heartbeat_step,
        told=sync.heartbeat.wake,
        restart=stop.set,
    )
    can_do = deeds(
        sync,
        technician,
        link,
        test=test,
        log_lines=recent_lines.last if is_virtual else partial(_log_lines, recent_lines),
        picture=display.picture,
        restart=stop.set,
        reboot=refuse_reboot if is_virtual else reboot,
        conclude=lambda id_, told: commands.conclude(id_, told),  # noqa: PLW0108 - idem
    )
    commands = Commands(link, CommandFile(place.state), clock, can_do)
    parting = PartingWord(link, entrusted, clock)
    arrival = Arrival(
        link,
        entrusted,
        journal,
        cache,
        health,
        code=place.settings.server.code,
        hardware=_hardware_name(),
        follow=sync.start,
    )
    known = cache.config()
    if known is not None:
        configured(known)
    return Zuil(
        display,
        reader,
        lights,
        wall,
        health,
        journal,
        cache,
        clock,
        link,
        kiosk,
        sync,
        commands,
        parting,
        arrival,
        updating,
        Proving(releases, test, updating.proven),
        button,
        technician,
        notifier,
    )


def _listening_log(life: ExitStack) -> RecentLines:
    """Keep the last lines of the log for as long as this zuil runs."""
    lines, log = RecentLines(LOG_LINES), logging.getLogger()
    log.addHandler(lines)
    life.callback(log.removeHandler, lines)
    return lines


def _log_lines(recent_lines: RecentLines, most: int) -> list[str]:
    """Return the lines of the system's journal, which knows of earlier starts too, or those of this one."""
    try:
        return recent(most)
    except LogsError:
        return recent_lines.last(most)


def _open_files(
    place: Place, display: PanelDisplay, clock: ServerClock
) -> tuple[SqliteJournal, SqliteCache, HttpLink]:
    """Open what is kept in the state directory; what cannot be opened is also told on the display."""
    settings, agent = place.settings, f"zuil/{VERSION}"
    if settings.network.proxy:
        log.info("The server is reached through the proxy %s:%d.", *proxy_address(settings.network.proxy))
    try:
        finish_erasing(place.state)
        return (
            SqliteJournal(place.state / "journal.db"),
            SqliteCache(place.state / "cache.db"),
            HttpLink(settings.server.url, place.state, clock, agent=agent, proxy=settings.network.proxy),
        )
    except (JournalError, CacheError, NewerSchemaError, DamagedCredentialsError, OSError) as error:
        display.leave(screens.out_of_order(Fault.JOURNAL, "nl"))
        raise StartError(str(error)) from error


def _hardware(place: Place) -> tuple[CardReader, Lights, Button]:
    if place.control is not None:
        return VirtualReader(), VirtualLights(), VirtualButton()
    settings = place.settings
    lights = GpioLights(settings.lights) if settings.lights.present else NoLights()
    button = GpioButton(settings.button) if settings.button.present else NoButton()
    return reader_for(settings.reader.device), lights, button


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


def _hardware_name() -> str:
    try:
        return _MODEL.read_text().strip("\0")
    except OSError:
        return platform.machine()
