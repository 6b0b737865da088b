"""How the machine is: its SD card, its power supply, its warmth; read from /sys and the file system."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from device.core.health import Fault

SYS: Final = Path("/sys")
RUNTIME: Final = Path("/run/zuil")
_THROTTLED: Final = "devices/platform/soc/soc:firmware/get_throttled"
_UNDER_VOLTAGE, _SOFT_LIMIT = 0x1, 0x8
_HOT_MILLIDEGREES: Final = 80_000
_FREE_BYTES: Final = 50_000_000


class PiMachine:
    """The machine whose files are under `sys`, with its state directory and the one for this boot."""

    def __init__(self, state: Path, sys: Path = SYS, runtime: Path = RUNTIME) -> None:
        self._state = state
        self._sys = sys
        self._runtime = runtime

    def faults(self) -> frozenset[Fault]:
        return frozenset({*self._storage(), *self._power(), *self._warmth()})

    def ask_for_remount(self) -> None:
        # Only root remounts: `systemd/zuil-remount.path` waits for this file.
        with contextlib.suppress(OSError):
            (self._runtime / "remount").touch()

    def _storage(self) -> Iterator[Fault]:
        try:
            found = os.statvfs(self._state)
        except OSError:
            yield Fault.STORAGE_READ_ONLY
            return
        if found.f_flag & os.ST_RDONLY:
            yield Fault.STORAGE_READ_ONLY
        elif found.f_bavail * found.f_frsize < _FREE_BYTES:
            yield Fault.STORAGE_NEARLY_FULL

    def _power(self) -> Iterator[Fault]:
        if self._throttled() & _UNDER_VOLTAGE or any(map(_is_low, self._sys.glob("class/hwmon/hwmon*"))):
            yield Fault.UNDER_VOLTAGE

    def _warmth(self) -> Iterator[Fault]:
        hot = any(
            _number(zone) >= _HOT_MILLIDEGREES for zone in self._sys.glob("class/thermal/thermal_zone*/temp")
        )
        if hot or self._throttled() & _SOFT_LIMIT:
            yield Fault.HEAT

    def _throttled(self) -> int:
        return _number(self._sys / _THROTTLED, 16)


def _is_low(sensor: Path) -> bool:
    """Return whether the Pi's own voltage sensor raises its alarm."""
    try:
        is_supply = (sensor / "name").read_text().strip() == "rpi_volt"
    except OSError:
        return False
    return is_supply and _number(sensor / "in0_lcrit_alarm") > 0


def _number(path: Path, base: int = 10) -> int:
    """Return the number in a file of the kernel, 0 when this machine has none."""
    try:
        return int(path.read_text().strip(), base)
    except (OSError, ValueError):
        return 0
