"""The last lines of the log, for somebody elsewhere to read, without personal data."""

from __future__ import annotations

import logging
import re
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Final

_UNIT: Final = "zuil.service"
_NOTHING: Final = "-- No entries --"
_MASKS: Final = (
    (re.compile(r"://[^/\s@]+@"), "://<hidden>@"),
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "<e-mail>"),
    (re.compile(r"\b\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}\b"), "<insz>"),
    (re.compile(r"\b(?:[0-9A-Fa-f]{2}:){6}[0-9A-Fa-f]{2}\b"), "<chip>"),
    (re.compile(r"\b[0-9A-Fa-f]{14}\b"), "<chip>"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "<token>"),
    (re.compile(r"\b\d{11,13}\b"), "<number>"),
    (re.compile(r"(?i)\b(oauth_\w+|code|secret|psk|password)(\s*[=:]\s*\"?)[^\s\",&]+"), r"\1\2<hidden>"),
)


class LogsError(Exception):
    """The log cannot be read; its text is one clear sentence."""


class RecentLines(logging.Handler):
    """Keeps the last lines of this process, for where no journal can be read."""

    def __init__(self, most: int) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self._kept: deque[str] = deque(maxlen=most)
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what is logged, line by line."""
        lines = self.format(record).splitlines()
        with self._turn:
            self._kept.extend(lines)

    def last(self, most: int) -> list[str]:
        """Return the last lines, masked."""
        with self._turn:
            lines = list(self._kept)[-most:]
        return list(masked(lines))


def masked(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with everything hidden that may point to a person or open a door."""
    for line in lines:
        hidden = line
        for pattern, instead in _MASKS:
            hidden = pattern.sub(instead, hidden)
        yield hidden


def recent(last: int, read: Callable[[int], str] | None = None) -> list[str]:
    """Return the last lines of the zuil's log, masked.

    Raises:
        LogsError: there is no journal, or it may not be read.
    """
    return list(masked((read or _journal)(last).splitlines()))


def _journal(last: int) -> str:
    command = ["journalctl", "--unit", _UNIT, "--lines", str(last), "--output", "short-iso", "--no-pager"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - our words and a number
    except OSError as error:
        raise LogsError(
            "There is no journal of systemd here: journalctl cannot be started"
            f" ({error.strerror}). A virtual zuil logs to the screen it was started from."
        ) from error
    if done.returncode:
        raise LogsError(f"The log cannot be read: {done.stderr.strip() or 'journalctl failed'}.")
    if done.stdout.strip() in ("", _NOTHING):
        raise LogsError(f"The journal here holds no line of {_UNIT} that this user may read; try with sudo.")
    return done.stdout
