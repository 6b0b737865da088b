"""How commands end: reported by the zuil, or not heard of in time (`server.kiosks.commands`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.kiosks.models import OPEN_STATES, CommandState, Kiosk, KioskCommand, KioskCommandResult
from server.kiosks.setup import number_of
from server.web.sayings import kept
from shared.domain.commands import CommandKind, CommandOutcome
from shared.domain.zones import to_millis
from shared.wire.messages import SaidMessage

MOST_SENTENCE: Final = 300
RESULT_KEPT: Final = timedelta(days=30)
COMMAND_KEPT: Final = timedelta(days=400)


def take_report(
    session: Session,
    kiosk: Kiosk,
    command_id: str,
    outcome: CommandOutcome,
    *,
    ended: int,
    sentence: str = "",
    said: Sequence[SaidMessage] = (),
    result: bytes = b"",
) -> bool:
    """Keep what a zuil reports of a command; the first report counts. False: this zuil has no such command.

    A report on a command that expired meanwhile counts: it was begun in time.
    """
    command = session.get(KioskCommand, uuid_of(command_id), with_for_update=True)
    if command is None or command.kiosk != kiosk.number:
        return False
    if command.state in (*OPEN_STATES, CommandState.EXPIRED):
        command.state, command.ended_at = outcome.value, ended
        command.sentence = "".join(filter(str.isprintable, sentence))[:MOST_SENTENCE]
        command.said = kept(said)
        if result:
            session.add(KioskCommandResult(command_id=command.id, content=result))
        if command.kind == CommandKind.ROTATE_KEY:
            kiosk.renewal_asked = None
        detail = {"command": command.kind, "outcome": command.state}
        record(session, "report-command", "kiosk", kiosk.number, detail=detail)
    return True


def close_commands(session: Session, kiosk: Kiosk) -> None:
    """Expect nothing any more of what was ordered: another device is this zuil, or its keys are gone."""
    session.execute(
        update(KioskCommand)
        .where(col(KioskCommand.kiosk) == number_of(kiosk), col(KioskCommand.state).in_(OPEN_STATES))
        .values(state=CommandState.EXPIRED.value)
    )


def expire_commands(session: Session, now: datetime, *, kiosk: int | None = None) -> None:
    """Close what waited too long, of one zuil or of all."""
    late = (
        update(KioskCommand)
        .where(col(KioskCommand.state).in_(OPEN_STATES), col(KioskCommand.expires) <= to_millis(now))
        .values(state=CommandState.EXPIRED.value)
        .returning(col(KioskCommand.kiosk), col(KioskCommand.kind))
        .execution_options(synchronize_session=False)
    )
    if kiosk is not None:
        late = late.where(col(KioskCommand.kiosk) == kiosk)
    closed = session.execute(late).all()
    if rotating := [number for number, kind in closed if kind == CommandKind.ROTATE_KEY]:
        session.execute(update(Kiosk).where(col(Kiosk.number).in_(rotating)).values(renewal_asked=None))


def forget_commands(session: Session, now: datetime) -> None:
    """Forget results after a month and commands after a year; who ordered what stays in the audit trail."""
    old = select(KioskCommand.id).where(col(KioskCommand.asked_at) < to_millis(now - RESULT_KEPT))
    session.execute(delete(KioskCommandResult).where(col(KioskCommandResult.command_id).in_(old)))
    session.execute(delete(KioskCommand).where(col(KioskCommand.asked_at) < to_millis(now - COMMAND_KEPT)))


def uuid_of(text: str) -> str:
    """Return an id as the database keeps it; of a text that is none, an id that nothing has."""
    try:
        return str(UUID(text))
    except ValueError:
        return str(UUID(int=0))
