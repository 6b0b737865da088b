"""What zuilen are told to do: asked for by people, handed to the zuil, confirmed by it.

Instants are whole milliseconds since 1970 UTC. A zuil gets an open command with every heartbeat until it
reports, and does it once; of each kind one is open at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from server.feed.changes import commands_changed
from server.kernel.audit import record
from server.kernel.bulk import Call, Statement
from server.kernel.errors import ProblemError
from server.kernel.ids import new_id
from server.kiosks.closing import expire_commands, uuid_of
from server.kiosks.models import (
    OPEN_STATES,
    CommandState,
    Kiosk,
    KioskCommand,
    KioskCommandResult,
    KioskState,
)
from server.kiosks.renewal import ask_renewal
from server.kiosks.setup import ask_identity, number_of
from server.staff.roles import Permission
from shared.domain.commands import CommandKind
from shared.domain.zones import from_millis, to_millis
from shared.wire.messages import Command

_LATEST: Final = 100


class Rule(NamedTuple):
    """Who may order it, and how long it waits for a zuil that is away."""

    permission: Permission
    life: timedelta


_SERVICE, _OWNER = Permission.COMMAND_KIOSKS, Permission.MANAGE_KIOSKS
RULES: Final[Mapping[CommandKind, Rule]] = MappingProxyType(
    {
        CommandKind.IDENTIFY: Rule(_SERVICE, timedelta(minutes=10)),
        CommandKind.SELF_TEST: Rule(_SERVICE, timedelta(hours=1)),
        CommandKind.SHOW_SCREEN: Rule(_SERVICE, timedelta(minutes=10)),
        CommandKind.SEND_LOGS: Rule(_SERVICE, timedelta(hours=12)),
        CommandKind.RESYNC: Rule(_SERVICE, timedelta(days=1)),
        CommandKind.RESTART: Rule(_SERVICE, timedelta(hours=1)),
        CommandKind.REBOOT: Rule(_SERVICE, timedelta(hours=1)),
        CommandKind.ROTATE_KEY: Rule(_OWNER, timedelta(days=7)),
        CommandKind.WIPE: Rule(_OWNER, timedelta(days=30)),
    }
)

_OPEN: Final = Statement(
    "SELECT CAST(id AS text), kind, expires, CAST(arguments AS text), state FROM kiosk_command"
    " WHERE kiosk = :kiosk AND state IN ('waiting', 'sent') AND expires > :now ORDER BY asked_at"
)
_SENT: Final = Statement(
    "UPDATE kiosk_command SET state = 'sent', sent_at = :now"
    " WHERE kiosk = :kiosk AND state = 'waiting' AND expires > :now"
)


@dataclass(frozen=True)
class CommandView:
    """A command as people see it. `state` is EXPIRED as soon as it is, `was_sent` whether the zuil got it."""

    id: str
    kind: CommandKind
    state: CommandState
    asked_at: datetime
    was_sent: bool
    ended_at: datetime | None
    sentence: str
    said: Sequence[Mapping[str, Any]]
    result: bytes

    @property
    def text(self) -> str:
        """The result as text."""
        return self.result.decode(errors="replace")


def ask_command(
    session: Session, kiosk: Kiosk, kind: CommandKind, now: datetime, *, staff_id: int | None = None
) -> KioskCommand:
    """Order something of a zuil; it hears so at once over its stream, else with its next heartbeat.

    Raises:
        ProblemError: 409, the zuil is not in use, or this was ordered already and is not done yet.
    """
    number = number_of(kiosk)
    if kiosk.state != KioskState.ACTIVE:
        raise ProblemError(409, "This zuil is not in use.", type="zuil:not-active")
    expire_commands(session, now, kiosk=number)
    command = KioskCommand(
        id=new_id(),
        kiosk=number,
        kind=kind.value,
        asked_at=to_millis(now),
        asked_by=staff_id,
        expires=to_millis(now + RULES[kind].life),
    )
    session.add(command)
    try:
        session.flush()
    except IntegrityError as error:
        title = "This was ordered already and is not done yet."
        raise ProblemError(409, title, type="zuil:ordered") from error
    _begin(session, kiosk, kind, now, staff_id)
    commands_changed(session, [number])
    return command


def _begin(session: Session, kiosk: Kiosk, kind: CommandKind, now: datetime, staff_id: int | None) -> None:
    """Do what belongs to it at the server; two kinds also reach zuilen that know no commands."""
    if kind is CommandKind.IDENTIFY:
        ask_identity(session, kiosk, staff_id=staff_id)
    elif kind is CommandKind.ROTATE_KEY:
        ask_renewal(session, kiosk, now, staff_id=staff_id)
    else:
        record(session, "command", "kiosk", kiosk.number, staff_id=staff_id, detail={"command": kind.value})


def ask_open(kiosk: int, now: datetime) -> Call:
    """Return the call whose rows `read_open` reads."""
    return Call(_OPEN, {"kiosk": kiosk, "now": to_millis(now)})


def read_open(rows: Iterable[tuple[Any, ...]]) -> tuple[list[Command], bool]:
    """Return the open commands, and whether one of them was not sent before."""
    rows = list(rows)
    commands = [
        Command(id=id_, kind=kind, expires=expires, arguments=json.loads(arguments))
        for id_, kind, expires, arguments, _ in rows
    ]
    return commands, any(state == CommandState.WAITING for *_, state in rows)


def note_sent(kiosk: int, now: datetime) -> Call:
    """Return the call that notes that a zuil got its open commands."""
    return Call(_SENT, {"kiosk": kiosk, "now": to_millis(now)})


def latest_commands(session: Session, kiosk: int, now: datetime) -> dict[CommandKind, CommandView]:
    """Return the last command of each kind."""
    rows = session.exec(
        select(KioskCommand, KioskCommandResult)
        .outerjoin(KioskCommandResult, col(KioskCommandResult.command_id) == col(KioskCommand.id))
        .where(KioskCommand.kiosk == kiosk)
        .order_by(col(KioskCommand.asked_at).desc(), col(KioskCommand.id).desc())
        .limit(_LATEST)
    )
    found: dict[CommandKind, CommandView] = {}
    for command, result in rows:
        view = _view(command, result, now)
        found.setdefault(view.kind, view)
    return found


def command_of(session: Session, kiosk: int, command_id: str, now: datetime) -> CommandView:
    """Return a command and what became of it.

    Raises:
        ProblemError: 404, this zuil has no such command (any more).
    """
    command = session.get(KioskCommand, uuid_of(command_id))
    if command is None or command.kiosk != kiosk:
        raise ProblemError(404, "There is no such command (any more).", type="zuil:result")
    return _view(command, session.get(KioskCommandResult, uuid_of(command_id)), now)


def result_of(session: Session, kiosk: int, command_id: str) -> tuple[KioskCommand, bytes]:
    """Return a command and what it brought.

    Raises:
        ProblemError: 404, this zuil has no such command, or it brought nothing (any more).
    """
    command = session.get(KioskCommand, uuid_of(command_id))
    result = session.get(KioskCommandResult, uuid_of(command_id))
    if command is None or result is None or command.kiosk != kiosk:
        raise ProblemError(404, "There is no such result (any more).", type="zuil:result")
    return command, bytes(result.content)


def kinds_for(permissions: Sequence[Permission]) -> list[CommandKind]:
    """Return what somebody with these permissions may order."""
    return [kind for kind, rule in RULES.items() if rule.permission in permissions]


def _view(command: KioskCommand, result: KioskCommandResult | None, now: datetime) -> CommandView:
    is_late = command.state in OPEN_STATES and command.expires <= to_millis(now)
    return CommandView(
        id=command.id,
        kind=CommandKind(command.kind),
        state=CommandState.EXPIRED if is_late else CommandState(command.state),
        asked_at=from_millis(command.asked_at),
        was_sent=command.sent_at is not None,
        ended_at=None if command.ended_at is None else from_millis(command.ended_at).astimezone(UTC),
        sentence=command.sentence,
        said=command.said,
        result=bytes(result.content) if result else b"",
    )
