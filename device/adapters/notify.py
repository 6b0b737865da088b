"""Telling systemd that the zuil is ready and alive (sd_notify(3)), in a few lines of socket."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Final

_MICROSECONDS: Final = 1_000_000


class Notifier:
    """Speaks to the service manager of `environment`; silent when there is none."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        watchdog = int(environment.get("WATCHDOG_USEC", "0"))
        self._interval = watchdog / _MICROSECONDS / 3
        self._next = 0.0

    def ready(self, status: str) -> None:
        """Say that the zuil takes cards, or will as soon as it can."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Say that the main loop turns; cheap, call it at every turn."""
        now = time.monotonic()
        if self._interval and now >= self._next:
            self._next = now + self._interval
            self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the zuil is on its way out."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            link.sendto(message.encode(), self._address)
