"""Which configuration is the newest for each zuil, without composing it at every heartbeat.

Composing costs milliseconds, and thousands of zuilen ask every minute. What is remembered holds
until the feed brings a change of a configuration, or for a few minutes: events come within reach by
the day. A heartbeat's answer is only a hint; what a zuil reads, and what it is told when it has
another version, is composed fresh.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from typing import Final, NamedTuple

from server.feed.epoch import Cursor

LIFE_SECONDS: Final = 300.0


class Known(NamedTuple):
    """The version of a configuration and its lease; `until` in monotonic seconds."""

    version: str
    lease_days: int
    until: float


class ConfigVersions:
    """What one process remembers. Any thread may call."""

    def __init__(self) -> None:
        self._known: dict[int, Known] = {}
        self._seen = Cursor("", 0)
        self._lock = threading.Lock()

    @property
    def seen(self) -> int:
        """The position up to which changes were taken note of."""
        return self._seen.position

    def follow(self, head: Cursor, changed: Iterable[str]) -> None:
        """Forget what changed after `seen`: each the JSON of the zuilen's numbers, an empty list for all."""
        with self._lock:
            if head.epoch != self._seen.epoch:
                self._known.clear()
            for keys in map(json.loads, changed):
                if not keys:
                    self._known.clear()
                for key in keys:
                    self._known.pop(int(key), None)
            if head.epoch != self._seen.epoch or head.position > self._seen.position:
                self._seen = head

    def get(self, kiosk: int) -> Known | None:
        """Return what is known of a zuil, None when it has to be composed."""
        known = self._known.get(kiosk)
        return known if known and time.monotonic() < known.until else None

    def put(self, kiosk: int, version: str, lease_days: int) -> Known:
        """Remember what was composed."""
        known = Known(version, lease_days, time.monotonic() + LIFE_SECONDS)
        self._known[kiosk] = known
        return known
