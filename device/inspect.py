"""Looking at a zuil from outside: what its files say (`zuil status`) and what it needs (`zuil doctor`)."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from device import VERSION
from device.adapters.sense import makes_sense
from device.adapters.shelf import Shelf
from device.adapters.sqlite import is_damage, is_sound, known_version
from device.doctor import steps
from device.formats import CACHE, JOURNAL
from device.settings import Settings, proxy_address, release_keys
from shared.domain.releases import FACTORY

_FREE_BYTES: Final = 200_000_000


class StateError(Exception):
    """A state directory cannot be read; its text is one clear sentence."""


class Finding(NamedTuple):
    """What the doctor found about one thing a zuil needs."""

    good: bool
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{'ok ' if self.good else 'BAD'}  {self.subject}: {self.sentence}"


def status(state: Path, proxy: str = "") -> Iterator[str]:
    """Yield how the zuil in a state directory is, a line each; it may be running.

    proxy: the one of its settings, told without its password.

    Raises:
        StateError: there is no zuil, or one of its files is damaged or of a newer version.
    """
    journal, cache = state / "journal.db", state / "cache.db"
    if not journal.exists() or not cache.exists():
        raise StateError(f"There is no zuil in {state}.")
    yield f"program        {_program(state)}"
    enrolled = _finding("enrolled", partial(_enrolled, state))
    yield f"enrolled       {enrolled.sentence}"
    files = [_finding(subject, partial(check, state)) for subject, check in _FILES.items()]
    for finding in files:
        yield f"{finding.subject:<15}{finding.sentence}"
    if files[0].good:
        yield from _in_journal(journal)
    if files[1].good:
        yield from _in_cache(cache)
    if proxy:
        yield "proxy          {}:{}".format(*proxy_address(proxy))
    if not all(finding.good for finding in (enrolled, *files)):
        raise StateError("What is in the file that is not fine was left out.")


def _in_journal(journal: Path) -> Iterator[str]:
    marks = dict(_rows(journal, "SELECT name, value FROM mark"))
    last = _number(journal, "SELECT coalesce(max(seq), 0) FROM tap")
    parked = _number(journal, "SELECT count(*) FROM tap WHERE verdict = 'refused'")
    waiting = _number(journal, f"SELECT count(*) FROM tap WHERE seq > {int(marks['through'])}")  # noqa: S608 - a number
    yield f"taps           {last} recorded, {waiting} not yet at the server, {parked} parked"


def _in_cache(cache: Path) -> Iterator[str]:
    facts = dict(_rows(cache, "SELECT name, value FROM fact"))
    cards = _number(cache, "SELECT coalesce(sum(cards), 0) FROM card_set")
    heard = facts.get("heard")
    yield f"cards          {cards}, up to {facts.get('cursor') or 'nothing yet'}"
    yield f"configuration  {facts.get('config_version') or 'none'}"
    yield f"server heard   {datetime.fromtimestamp(int(heard) / 1000, UTC) if heard else 'never'}"


def _program(state: Path) -> str:
    """Return which release runs, which is on trial, and what became of the last that was left."""
    plan = Shelf(state / "releases").plan()
    said = VERSION if plan.current == FACTORY else plan.current
    if plan.trial:
        said += f", {plan.trial} on trial"
    if plan.failed:
        said += f"; {plan.failed.version} was left: {plan.failed.reason}"
    return said


def identify(state: Path) -> None:
    """Let the zuil that runs in a state directory blink and show its name.

    Raises:
        StateError: none runs there, or this user may not tell it anything.
    """
    try:
        with (state / "lock").open("a+") as lock:
            lock.seek(0)
            held_by = lock.read()
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        try:
            os.kill(int(held_by), signal.SIGUSR1)
        except (OSError, ValueError) as error:
            raise StateError(f"The zuil in {state} cannot be told: {error}.") from error
        return
    except OSError as error:
        raise StateError(f"There is no zuil in {state}: {error.strerror}.") from error
    raise StateError(f"No zuil is running in {state}.")


def examine(settings: Settings, state: Path) -> list[Finding]:
    """Check everything a zuil needs; a failed check never hides the next."""
    checks: dict[str, Callable[[], str]] = {
        "disk": lambda: _disk(state),
        **{subject: partial(check, state) for subject, check in _FILES.items()},
        "program": lambda: _releases(settings, state),
        "board": lambda: _board(state),
        "enrolment": lambda: _enrolment(state, settings),
        **dict(steps(settings, state)),
        "reader": lambda: _reader(settings),
        "display": lambda: _display(settings),
        "lights": lambda: _lights(settings),
    }
    return [_finding(subject, check) for subject, check in checks.items()]


def _finding(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(good=True, subject=subject, sentence=check())
    except Exception as error:  # noqa: BLE001 - every check fails in the way of its library
        return Finding(good=False, subject=subject, sentence=str(error) or type(error).__name__)


def _releases(settings: Settings, state: Path) -> str:
    shelf = Shelf(state / "releases")
    current = shelf.plan().current
    if not shelf.is_whole(current):
        raise StateError(f"release {current} is damaged on the SD card; the one before it runs")
    keys = ", ".join(f"{key[:8]}…" for key in release_keys(settings))
    believed = f"releases are signed with {keys}" if keys else "it takes no releases: zuil.toml has no key"
    return f"{_program(state)}; {believed}"


def _disk(state: Path) -> str:
    state.mkdir(parents=True, exist_ok=True)
    probe = state / "doctor"
    probe.write_text("written")
    probe.unlink()
    free = shutil.disk_usage(state).free
    if free < _FREE_BYTES:
        raise StateError(f"only {free // 1_000_000} MB is free in {state}")
    return f"{free // 1_000_000} MB free in {state}"


def _journal(state: Path) -> str:
    return _file(
        state / "journal.db",
        JOURNAL.reads,
        "it is damaged; at its next start the zuil saves what can be read and keeps the file beside it",
    )


def _cache(state: Path) -> str:
    return _file(
        state / "cache.db",
        CACHE.reads,
        "it is damaged; at its next start the zuil fetches it anew",
        lambda connection: is_sound(connection) and makes_sense(connection),
    )


_FILES: Final = {"journal": _journal, "cache": _cache}


def _file(
    path: Path, reads: int, damaged: str, is_whole: Callable[[sqlite3.Connection], bool] = is_sound
) -> str:
    """Return that a database is fine. reads: the newest schema that this program knows."""
    if not path.exists():
        return "none yet, the first start makes it"
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            known_version(connection, path, reads)
            whole = is_whole(connection)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise StateError(f"{path} cannot be read: {error}") from error
        whole = False
    if not whole:
        raise StateError(damaged)
    return "fine"


def _enrolment(state: Path, settings: Settings) -> str:
    from device.adapters.credentials import load_credentials
    from device.adapters.entrusted import told_of_wipe

    enrolment = load_credentials(state)
    if enrolment is not None:
        return f"zuil {enrolment.kiosk}, {enrolment.name}"
    if wiped := told_of_wipe(state, settings.server.code):
        raise StateError(wiped)
    if not settings.server.code:
        raise StateError("not enrolled, and zuil.toml holds no one-time code")
    return "not yet; the one-time code is used at the first start"


def _enrolled(state: Path) -> str:
    from device.adapters.credentials import load_credentials
    from device.adapters.entrusted import told_of_wipe

    if load_credentials(state) is not None:
        return "yes"
    wiped = told_of_wipe(state)
    return f"no: {wiped}" if wiped else "no"


def _board(state: Path) -> str:
    from device.adapters.machine import PiMachine

    wrong = sorted(fault.value for fault in PiMachine(state).faults())
    if wrong:
        raise StateError(f"{' '.join(wrong)} (see the manual)")
    return "power, warmth and SD card are fine"


def _lights(settings: Settings) -> str:
    from device.adapters.gpio import GpioLights
    from device.ports import OK

    if not settings.lights.present:
        return "there are none, says zuil.toml"
    lights = GpioLights(settings.lights)
    lights.open()
    state = lights.state
    lights.close()
    if state != OK:
        raise StateError(state)
    return "the pins answer"


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
