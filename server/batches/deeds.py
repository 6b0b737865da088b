"""One deed for many zuilen: done where it can be done, with what became of it at each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlmodel import Session

from server.kernel.errors import ProblemError
from server.kiosks.commands import RULES, ask_command
from server.kiosks.models import Kiosk
from server.kiosks.preferences import preferences_of, put_mode, put_preferences
from server.kiosks.setup import number_of, put_event
from server.monitor.care import begin_maintenance
from server.releases.rollouts import choose_track
from server.staff.roles import Permission
from shared.domain.commands import CommandKind
from shared.domain.releases import Track
from shared.domain.zones import to_millis

MOST: Final = 500
"""Zuilen in one batch: each is a handful of statements."""


class Deed(StrEnum):
    """What can be done with many zuilen at once; the value stands in the form."""

    QR_ON = "qr-on"
    QR_OFF = "qr-off"
    LANGUAGES = "languages"
    MODE = "mode"
    EVENT = "event"
    AUTOMATIC = "automatic"
    BETA = "beta"
    STABLE = "stable"
    MAINTENANCE = "maintenance"
    SELF_TEST = "self-test"
    RESYNC = "resync"
    RESTART = "restart"
    REBOOT = "reboot"
    ROTATE_KEY = "rotate-key"


_COMMANDS: Final[Mapping[Deed, CommandKind]] = MappingProxyType(
    {
        Deed.SELF_TEST: CommandKind.SELF_TEST,
        Deed.RESYNC: CommandKind.RESYNC,
        Deed.RESTART: CommandKind.RESTART,
        Deed.REBOOT: CommandKind.REBOOT,
        Deed.ROTATE_KEY: CommandKind.ROTATE_KEY,
    }
)


_TRACKS: Final[Mapping[Deed, Track]] = MappingProxyType({Deed.BETA: Track.BETA, Deed.STABLE: Track.STABLE})


_EVENTS: Final = frozenset({Deed.EVENT, Deed.AUTOMATIC})
_SETTINGS: Final = _EVENTS | {Deed.QR_ON, Deed.QR_OFF, Deed.LANGUAGES, Deed.MODE}


class Became(StrEnum):
    """What became of a deed at one zuil. NOT_THEIRS: the event is of none of its counters."""

    DONE = "done"
    SAME = "same"
    NOT_IN_USE = "not-in-use"
    ORDERED = "ordered"
    NOT_THEIRS = "not-theirs"


class Result(NamedTuple):
    """One zuil and what became of the deed there. command_id: of what was ordered."""

    kiosk: Kiosk
    became: Became
    command_id: str | None = None


@dataclass(frozen=True)
class Batch:
    """A deed and what belongs to it: languages, a mode, hours of work and their reason, an event.

    event_for: the zuilen of which a counter organises or hosts that event (rules 8.1).
    """

    deed: Deed
    languages: tuple[str, ...] = ()
    mode: str = ""
    hours: int = 1
    reason: str = ""
    event: str | None = None
    event_for: frozenset[int] = frozenset()


def command_of(deed: Deed) -> CommandKind | None:
    """Return the command that a deed is, None when it is decided at the server."""
    return _COMMANDS.get(deed)


def is_followed(deed: Deed) -> bool:
    """Tell whether zuilen follow the deed with their configuration, and so confirm it."""
    return deed in _SETTINGS


def permission_for(deed: Deed) -> Permission:
    """Return what a deed needs."""
    if deed in _COMMANDS:
        return RULES[_COMMANDS[deed]].permission
    if deed in _TRACKS:
        return Permission.MANAGE_RELEASES
    return Permission.HANDLE_ALERTS if deed is Deed.MAINTENANCE else Permission.MANAGE_KIOSKS


def do_together(
    session: Session, kiosks: Iterable[Kiosk], batch: Batch, now: datetime, *, staff_id: int
) -> list[Result]:
    """Do a deed with each zuil; where it cannot be done, nothing happens there."""
    kind = _COMMANDS.get(batch.deed)
    if kind is not None:
        return [_order(session, kiosk, kind, now, staff_id) for kiosk in kiosks]
    return [Result(kiosk, _do(session, kiosk, batch, now, staff_id)) for kiosk in kiosks]


def _do(session: Session, kiosk: Kiosk, batch: Batch, now: datetime, staff_id: int) -> Became:
    if batch.deed in _TRACKS:
        changed = choose_track(session, number_of(kiosk), _TRACKS[batch.deed], staff_id=staff_id)
        return Became.DONE if changed else Became.SAME
    if batch.deed is Deed.MAINTENANCE:
        begin_maintenance(
            session, number_of(kiosk), to_millis(now), batch.hours, batch.reason, staff_id=staff_id
        )
        return Became.DONE
    if batch.deed in _EVENTS:
        return _choose(session, kiosk, batch, staff_id)
    if batch.deed is Deed.MODE:
        if kiosk.mode == batch.mode:
            return Became.SAME
        put_mode(session, kiosk, batch.mode, staff_id=staff_id)
        return Became.DONE
    present = preferences_of(kiosk)
    if batch.deed is Deed.LANGUAGES:
        wanted = replace(present, languages=batch.languages)
    else:
        wanted = replace(present, qr=batch.deed is Deed.QR_ON)
    return Became.DONE if put_preferences(session, kiosk, wanted, staff_id=staff_id) else Became.SAME


def _choose(session: Session, kiosk: Kiosk, batch: Batch, staff_id: int) -> Became:
    if batch.event is not None and kiosk.number not in batch.event_for:
        return Became.NOT_THEIRS
    if kiosk.manual_event_id == batch.event:
        return Became.SAME
    put_event(session, kiosk, batch.event, staff_id=staff_id)
    return Became.DONE


def _order(session: Session, kiosk: Kiosk, kind: CommandKind, now: datetime, staff_id: int) -> Result:
    try:
        # What the database refuses for one zuil leaves the others as they are.
        with session.begin_nested():
            command = ask_command(session, kiosk, kind, now, staff_id=staff_id)
    except ProblemError as problem:
        return Result(kiosk, Became.ORDERED if problem.type == "zuil:ordered" else Became.NOT_IN_USE)
    return Result(kiosk, Became.DONE, command.id)
