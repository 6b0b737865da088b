"""The meters of the board: warmth, power, memory, SD card, network; read from /proc and /sys.

Reading them costs well under a millisecond and touches no card and no radio. What a machine does
not have, is not there: never an error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from device.core.health import Readings

PROC: Final = Path("/proc")
SYS: Final = Path("/sys")
_THROTTLED: Final = "devices/platform/soc/soc:firmware/get_throttled"
_MEGABYTE: Final = 1_000_000
_SECTOR_BYTES: Final = 512
_WRITTEN_SECTORS: Final = 6
_LIFE_STEP_PERCENT: Final = 10
_MOST_WEAR: Final = 100
_ROUTE_COLUMNS: Final = 3
_UP: Final = 0x1


class PiGauges:
    """The machine whose files are under `proc` and `sys`, and the file system of its state directory."""

    def __init__(self, state: Path, proc: Path = PROC, sys: Path = SYS) -> None:
        self._state = state
        self._proc = proc
        self._sys = sys

    def read(self) -> Readings:
        """Return what can be measured."""
        memory = self._memory()
        free, total = self._disk()
        interface = self._interface()
        return Readings(
            temperature=self._temperature(),
            throttled=_number(_text(self._sys / _THROTTLED), 16) or 0,
            memory_free=memory.get("MemAvailable"),
            memory_total=memory.get("MemTotal"),
            disk_free=free,
            disk_total=total,
            wear=self._wear(),
            written=self._written(),
            storage_errors=sum(
                _number(_text(file)) or 0 for file in self._sys.glob("fs/ext4/*/errors_count")
            ),
            network=self._kind(interface),
            signal=self._signal(interface),
        )

    def _temperature(self) -> float | None:
        """Return the warmest place, in degrees Celsius."""
        found = (_number(_text(file)) for file in self._sys.glob("class/thermal/thermal_zone*/temp"))
        return max((round(value / 1000, 1) for value in found if value is not None), default=None)

    def _memory(self) -> dict[str, int]:
        """Return /proc/meminfo in megabytes."""
        lines = (line.split() for line in _text(self._proc / "meminfo").splitlines())
        return {
            words[0].rstrip(":"): int(words[1]) * 1024 // _MEGABYTE
            for words in lines
            if len(words) > 1 and words[1].isdecimal()
        }

    def _disk(self) -> tuple[int | None, int | None]:
        try:
            found = os.statvfs(self._state)
        except OSError:
            return None, None
        return found.f_bavail * found.f_frsize // _MEGABYTE, found.f_blocks * found.f_frsize // _MEGABYTE

    def _wear(self) -> int | None:
        """Return the used part of an eMMC's life, which it tells in tenths; an SD card does not tell."""
        words = " ".join(map(_text, self._sys.glob("block/mmcblk*/device/life_time"))).split()
        tenths = [value for word in words if (value := _number(word, 16))]
        return min(max(tenths) * _LIFE_STEP_PERCENT, _MOST_WEAR) if tenths else None

    def _written(self) -> int | None:
        columns = [_text(file).split() for file in self._sys.glob("block/mmcblk?/stat")]
        sectors = [_number(row[_WRITTEN_SECTORS]) for row in columns if len(row) > _WRITTEN_SECTORS]
        known = [value for value in sectors if value is not None]
        return sum(known) * _SECTOR_BYTES // _MEGABYTE if known else None

    def _interface(self) -> str:
        """Return the interface of the default route, empty when there is none."""
        for line in _text(self._proc / "net/route").splitlines()[1:]:
            words = line.split()
            if len(words) > _ROUTE_COLUMNS and words[1] == "00000000" and int(words[3], 16) & _UP:
                return words[0]
        return ""

    def _kind(self, interface: str) -> str:
        folder = self._sys / "class/net" / interface
        if not interface or not folder.exists():
            return ""
        if (folder / "wireless").exists() or (folder / "phy80211").exists():
            return "wifi"
        return "mobile" if interface.startswith(("ww", "ppp", "usb")) else "ethernet"

    def _signal(self, interface: str) -> int | None:
        """Return the level of the radio in dBm."""
        for line in _text(self._proc / "net/wireless").splitlines():
            name, _, rest = line.strip().partition(":")
            words = rest.split()
            if interface and name == interface and len(words) > _ROUTE_COLUMNS - 1:
                return _number(words[2].rstrip("."))
        return None


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _number(text: str, base: int = 10) -> int | None:
    try:
        return int(text.strip(), base)
    except ValueError:
        return None
