"""The parts of a zuil, each put together from the others: the one place that names the adapters.

A part is made when another asks for it, so the order here is that of reading, and two parts can know
each other. Nothing starts here; see `bootstrap`.
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from device import VERSION
from device.adapters.cache import SqliteCache
from device.adapters.credentials import DamagedCredentialsError
from device.adapters.entrusted import EntrustedFiles, finish_erasing
from device.adapters.gpio import GpioButton, GpioLights, NoButton, NoLights
from device.adapters.host import addresses, power_off, reboot
from device.adapters.journal import SqliteJournal
from device.adapters.link import HttpLink
from device.adapters.notebook import CommandFile
from device.adapters.notify import Notifier
from device.adapters.oled import PanelDisplay
from device.adapters.readers import reader_for
from device.adapters.releases import launched
from device.adapters.sqlite import NewerSchemaError
from device.adapters.virtual import MovableWall, VirtualButton, VirtualLights, VirtualReader
from device.adapters.vitals import PiGauges
from device.core import report, screens
from device.core.arrival import Arrival
from device.core.clock import ServerClock, boot_id
from device.core.commands import Commands
from device.core.deeds import deeds, refuse_reboot
from device.core.health import Fault, Health
from device.core.kiosk import Kiosk
from device.core.notes import Told
from device.core.parting import PartingWord
from device.core.proving import Proving
from device.core.selftest import SelfTest
from device.core.sync import HEARD, Sync
from device.core.tap import TapDesk, prepare
from device.core.technician import Technician
from device.core.updating import Updating
from device.logs import LogsError, RecentLines, recent
from device.ports import Button, CacheError, CardReader, JournalError, Lights, Standing
from device.settings import Settings, proxy_address, release_keys
from shared.domain.modes import known_mode
from shared.wire.messages import Command, Heartbeat, KioskConfig

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

    @property
    def is_virtual(self) -> bool:
        """Whether its reader, lights and button are played."""
        return self.control is not None


class Zuil:
    """The parts of one zuil. Its files are open from the start; nothing else has started.

    Raises:
        StartError: its files cannot be opened.
    """

    def __init__(
        self, place: Place, display: PanelDisplay, stop: threading.Event, recent_lines: RecentLines
    ) -> None:
        self.display = display
        self.wall, self.health, self.notifier = MovableWall(), Health(), Notifier()
        self.clock = ServerClock(boot_id(), wall=self.wall)
        self.journal, self.cache, self.link = _open_files(place, display, self.clock)
        self.reader, self.lights, self.button = _hardware(place)
        self.entrusted = EntrustedFiles(place.state, self.cache, self.link)
        self._place = place
        self._stop = stop
        self._recent_lines = recent_lines
        self._gauges = PiGauges(place.state)
        self._releases = launched(place.state, release_keys(place.settings))
        self._remember()
        self.loops = (self.commands, self.parting, self.arrival, self.updating, self.proving)
        """What starts and ends with it; all made by now, before a thread can ask for one."""

    @cached_property
    def kiosk(self) -> Kiosk:
        """What people meet."""
        return Kiosk(
            TapDesk(self.cache, self.journal, self.link, self.clock),
            self.display,
            self.lights,
            self.clock,
            self.health,
            recorded=self._hand_in,
            alive=self.notifier.alive,
            turned=self._tell,
        )

    @cached_property
    def sync(self) -> Sync:
        """The conversation with the server."""
        return Sync(
            self.link,
            self.journal,
            self.cache,
            self.clock,
            self.health,
            entrusted=self.entrusted,
            configured=self._configured,
            dismissed=self._dismissed,
            describe=self._describe,
            ordered=self._ordered,
        )

    @cached_property
    def technician(self) -> Technician:
        """Who stands before it with the button."""
        return Technician(
            self.button,
            self.kiosk,
            self.lights,
            self.journal,
            self.health,
            addresses=addresses,
            shut_down=self._stop.set if self._place.is_virtual else power_off,
        )

    @cached_property
    def test(self) -> SelfTest:
        """Whether it can do what it is for."""
        return SelfTest(
            self.kiosk,
            self.journal,
            self.cache,
            self.clock,
            self.health,
            display=self.display,
            lights=self.lights,
        )

    @cached_property
    def updating(self) -> Updating:
        """Taking a release."""
        return Updating(
            self._releases,
            self.link,
            quiet=lambda: self.kiosk.seconds_since_tap,
            test=self.test,
            announce=self.sync.heartbeat_step,
            told=self.sync.heartbeat.wake,
            restart=self._stop.set,
        )

    @cached_property
    def proving(self) -> Proving:
        """A release on trial."""
        return Proving(self._releases, self.test, self.updating.proven)

    @cached_property
    def commands(self) -> Commands:
        """What people at the server order."""
        virtual, lines = self._place.is_virtual, self._recent_lines
        can_do = deeds(
            self.sync,
            self.technician,
            self.link,
            test=self.test,
            log_lines=lines.last if virtual else partial(_log_lines, lines),
            picture=self.display.picture,
            restart=self._stop.set,
            reboot=refuse_reboot if virtual else reboot,
            conclude=self._conclude,
        )
        return Commands(self.link, CommandFile(self._place.state), self.clock, can_do)

    @cached_property
    def parting(self) -> PartingWord:
        """The word it keeps for when it is no longer wanted."""
        return PartingWord(self.link, self.entrusted, self.clock)

    @cached_property
    def arrival(self) -> Arrival:
        """Becoming a zuil of its server."""
        return Arrival(
            self.link,
            self.entrusted,
            self.journal,
            self.cache,
            self.health,
            code=self._place.settings.server.code,
            hardware=_hardware_name(),
            follow=self.sync.start,
        )

    def _remember(self) -> None:
        """Go on from what it knew when it stopped."""
        heard = int(self.cache.recall(HEARD) or 0)
        if heard:
            self.health.heard = heard
            self.clock.not_before(heard)
        self.health.set_fault(Fault.BLOCKED, present=self.entrusted.standing is not Standing.GOOD)
        known = self.cache.config()
        if known is not None:
            self._configured(known)

    def _describe(self) -> Heartbeat:
        return report.heartbeat(
            self.kiosk,
            self.journal,
            self.cache,
            display=self.display,
            clock=self.clock,
            health=self.health,
            gauges=self._gauges,
            release=self.updating.report,
        )

    def _configured(self, config: KioskConfig) -> None:
        if self.kiosk.identified not in (None, config.identify):
            self.technician.identify()
        # An older zuil than its server goes on saving points, and says so (ADR 10).
        self.health.set_fault(Fault.MODE, present=known_mode(config.mode) is None)
        self.kiosk.configure(prepare(config, self.cache.former_keys()))
        self.updating.follow(config.release, config.withdrawn)

    def _hand_in(self) -> None:
        self.sync.upload.wake()

    def _tell(self) -> None:
        self.sync.heartbeat.wake()

    def _ordered(self, given: Iterable[Command]) -> None:
        self.commands.take(given)

    def _conclude(self, id_: str, told: Told) -> None:
        self.commands.conclude(id_, told)

    def _dismissed(self) -> None:
        self.commands.end()
        self.kiosk.forget()
        self.parting.wake()


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
        fault = Fault.NEWER_FILES if isinstance(error, NewerSchemaError) else Fault.JOURNAL
        display.leave(screens.out_of_order(fault, "nl"))
        raise StartError(str(error)) from error


def _hardware(place: Place) -> tuple[CardReader, Lights, Button]:
    if place.control is not None:
        return VirtualReader(), VirtualLights(), VirtualButton()
    settings = place.settings
    lights = GpioLights(settings.lights) if settings.lights.present else NoLights()
    button = GpioButton(settings.button) if settings.button.present else NoButton()
    return reader_for(settings.reader.device), lights, button


def _hardware_name() -> str:
    try:
        return _MODEL.read_text().strip("\0")
    except OSError:
        return platform.machine()
