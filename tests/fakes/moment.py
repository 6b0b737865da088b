"""Time that stands still until a test moves it: the truth, and the clocks of one machine."""

from __future__ import annotations

import importlib
import inspect
import sys
import time
from datetime import UTC, datetime

CLOCKED = (
    "core.kiosk",
    "core.report",
    "core.supervision",
    "core.sync",
    "core.technician",
    "core.watch",
    "adapters.journal",
    "adapters.link",
    "adapters.virtual",
)


class Moment:
    """The true time in seconds since 1970, and the clocks of one machine that may be wrong.

    wall_error: by how much its wall clock is ahead of the truth. Its monotonic clock starts anew at a boot.
    """

    def __init__(self, at: datetime) -> None:
        self.true = at.timestamp()
        self.wall_error = 0.0
        self.boots = 0
        self.boot()

    def boot(self) -> None:
        """Start the machine anew."""
        self.boots += 1
        self._booted = self.true - 100 * self.boots

    @property
    def boot_id(self) -> str:
        return f"boot-{self.boots}"

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.true, UTC)

    def pass_by(self, seconds: float) -> None:
        self.true += seconds

    def wall(self) -> float:
        return self.true + self.wall_error

    def monotonic(self) -> float:
        return self.true - self._booted

    # --- where it is put ---------------------------------------------------------------------

    def rule_the_zuil(self, patch) -> None:
        """Have everything of the zuil that reads a clock read this one."""
        machine = _Times(time=self.wall, monotonic=self.monotonic)
        for name in CLOCKED:
            module = importlib.import_module(f"device.{name}")
            if hasattr(module, "time"):
                patch.setattr(module, "time", machine)

    def rule_the_server(self, patch) -> None:
        """Have every part of the server that asks what time it is hear the truth."""
        machine = _Times(time=lambda: self.true, time_ns=lambda: round(self.true * 1e9))
        clock = type("datetime", (_Datetime,), {"moment": self})
        for name, module in list(sys.modules.items()):
            if not name.startswith("server.") or not getattr(module, "__file__", None):
                continue
            if getattr(module, "time", None) is time:
                patch.setattr(module, "time", machine)
            if getattr(module, "datetime", None) is datetime and ".now(" in inspect.getsource(module):
                patch.setattr(module, "datetime", clock)


class _Times:
    """The module `time` with some of its functions replaced."""

    def __init__(self, **replaced) -> None:
        self.__dict__.update(replaced)

    def __getattr__(self, name):
        return getattr(time, name)


class _Kind(type(datetime)):
    def __instancecheck__(cls, value) -> bool:
        return isinstance(value, datetime)


class _Datetime(datetime, metaclass=_Kind):
    """What the server's modules call `datetime`; what it returns are plain ones."""

    moment: Moment

    @classmethod
    def now(cls, tz=None):
        return datetime.fromtimestamp(cls.moment.true, tz)
