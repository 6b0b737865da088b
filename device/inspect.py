"""Looking at a zuil from outside: what its files say (`zuil status`) and what it needs (`zuil doctor`)."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from device.settings import Settings

_FREE_BYTES: Final = 200_000_000
_CLOCK_SECONDS: Final = 300


class StateError(Exception):
    """A state directory cannot be read; its text is one clear sentence."""


class Finding(NamedTuple):
    """What the doctor found about one thing a zuil needs."""

    good: bool
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'}  {self.subject}: {self.sentence}"


def status(state: Path) -> Iterator[str]:
    """Yield how the zuil in a state directory is, a line each; it may be running.

    Raises:
        StateError: there is no zuil.
    """
    journal, cache = state / "journal.db", state / "cache.db"
    if not journal.exists() or not cache.exists():
        raise StateError(f"There is no zuil in {state}.")
    facts = dict(_rows(cache, "SELECT name, value FROM fact"))
    marks = dict(_rows(journal, "SELECT name, value FROM mark"))
    last = _number(journal, "SELECT coalesce(max(seq), 0) FROM tap")
    parked = _number(journal, "SELECT count(*) FROM tap WHERE verdict = 'refused'")
    waiting = _number(journal, f"SELECT count(*) FROM tap WHERE seq > {int(marks['through'])}")  # noqa: S608 - a number
    cards = _number(cache, "SELECT coalesce(sum(cards), 0) FROM card_set")
    heard = facts.get("heard")
    yield f"enrolled       {'yes' if (state / 'credentials.json').exists() else 'no'}"
    yield f"taps           {last} recorded, {waiting} not yet at the server, {parked} parked"
    yield f"cards          {cards}, up to {facts.get('cursor', 'nothing yet')}"
    yield f"configuration  {facts.get('config_version') or 'none'}"
    yield f"server heard   {datetime.fromtimestamp(int(heard) / 1000, UTC) if heard else 'never'}"


def examine(settings: Settings, state: Path) -> list[Finding]:
    """Check everything a zuil needs; a failed check never hides the next."""
    checks: dict[str, Callable[[], str]] = {
        "disk": lambda: _disk(state),
        "enrolment": lambda: _enrolment(state, settings),
        "server": lambda: _server(settings),
        "reader": lambda: _reader(settings),
        "display": lambda: _display(settings),
    }
    return [_finding(subject, check) for subject, check in checks.items()]


def _finding(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(good=True, subject=subject, sentence=check())
    except Exception as error:  # noqa: BLE001 - every check fails in the way of its library
        return Finding(good=False, subject=subject, sentence=str(error) or type(error).__name__)


def _disk(state: Path) -> str:
    state.mkdir(parents=True, exist_ok=True)
    probe = state / "doctor"
    probe.write_text("written")
    probe.unlink()
    free = shutil.disk_usage(state).free
    if free < _FREE_BYTES:
        raise StateError(f"only {free // 1_000_000} MB is free in {state}")
    return f"{free // 1_000_000} MB free in {state}"


def _enrolment(state: Path, settings: Settings) -> str:
    from device.adapters.credentials import load_credentials

    enrolment = load_credentials(state)
    if enrolment is not None:
        return f"zuil {enrolment.kiosk}, {enrolment.name}"
    if not settings.server.code:
        raise StateError("not enrolled, and zuil.toml holds no one-time code")
    return "not yet; the one-time code is used at the first start"


def _server(settings: Settings) -> str:
    import email.utils

    import httpx

    response = httpx.get(settings.server.url, timeout=10)
    date = response.headers.get("Date")
    if date is None:
        return f"{settings.server.url} answers"
    behind = email.utils.parsedate_to_datetime(date).timestamp() - time.time()
    if abs(behind) > _CLOCK_SECONDS:
        raise StateError(f"answers, but this clock is {behind:.0f} seconds behind it")
    return f"{settings.server.url} answers; the clocks differ {abs(behind):.0f} seconds"


def _reader(settings: Settings) -> str:
    from device.adapters.readers import reader_for

    reader = reader_for(settings.reader.device)
    try:
        reader.open()
        reader.look()
    finally:
        reader.close()
    return f"{settings.reader.device} answers"


def _display(settings: Settings) -> str:
    from device.adapters.oled import open_panel

    open_panel(settings.display)
    return f"{settings.display.panel} answers"


def _number(path: Path, query: str) -> int:
    return int(_rows(path, query)[0][0])


def _rows(path: Path, query: str) -> list[tuple[str, str]]:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.Error as error:
        raise StateError(f"{path} cannot be read: {error}.") from error
