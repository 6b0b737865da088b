"""What the server tells this zuil to do: each command at most once, and each one answered.

A command is noted durably before it is carried out, and its outcome before it is told. So a zuil that
starts anew in the middle knows what it was doing: a restart that was ordered is confirmed by the start
after it, and never happens twice; anything else that was broken off is told as failed.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from device import VERSION
from device.core.loops import Loop
from device.core.notes import CommandNotes, DeedError, NotedCommand, Told
from device.ports import LinkError, ServerLink, TrustedClock
from shared.domain.commands import CommandKind, CommandOutcome
from shared.domain.sayings import Saying, english
from shared.domain.zones import to_millis
from shared.wire import problems
from shared.wire.messages import Command, CommandReport, said_in

Deed = Callable[[str], Told | None]
"""Carries out the command with this id. None: how it ended is told later (`Commands.conclude`), or shows at
the next start. Raises DeedError."""
_REST_SECONDS: Final = 3600.0
_UNREADABLE: Final = frozenset({problems.MALFORMED, problems.TOO_LARGE})
_DAY_MILLIS: Final = 86_400_000
_KEPT_DAYS: Final = 1
_PATIENT_DAYS: Final = 30
"""How long after it expired a command is kept that the server heard of, and one that it did not."""
log = logging.getLogger(__name__)


class Commands(Loop):
    """Carries out commands one after the other and reports each. `deeds`: what this zuil can do, by kind."""

    def __init__(
        self, link: ServerLink, notes: CommandNotes, clock: TrustedClock, deeds: Mapping[str, Deed]
    ) -> None:
        super().__init__("commands", self._turn, _unreachable)
        self._link = link
        self._notes = notes
        self._clock = clock
        self._deeds = deeds
        self._came: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[tuple[str, Told]] = queue.SimpleQueue()
        boot = clock.read().evidence.boot
        self._noted = {note.command.id: self._resumed(note, boot) for note in notes.read()}

    def take(self, commands: Iterable[Command]) -> None:
        """Take commands that the server gave, perhaps again; any thread may call."""
        for command in commands:
            self._came.put(command)
        self.wake()

    def conclude(self, command_id: str, told: Told) -> None:
        """Say how a command ended that took its time; any thread may call."""
        self._finished.put((command_id, told))
        self.wake()

    def _turn(self) -> float:
        while not self._came.empty():
            command = self._came.get()
            self._noted.setdefault(command.id, NotedCommand(command))
        while not self._finished.empty():
            self._end(*self._finished.get())
        for note in list(self._noted.values()):
            if note.told is None and not note.boot:
                self._carry_out(note.command)
        for note in list(self._noted.values()):
            if note.told is not None and not note.heard:
                self._report(note, note.told)
        return _REST_SECONDS if self._came.empty() and self._finished.empty() else 0

    def _carry_out(self, command: Command) -> None:
        reading = self._clock.read()
        deed = self._deeds.get(command.kind)
        if to_millis(reading.now) > command.expires:
            self._end(command.id, Told(CommandOutcome.REFUSED, english(Saying.TOO_LATE)))
            return
        if deed is None:
            sentence = english(Saying.UNKNOWN_COMMAND, version=VERSION, kind=command.kind)
            self._end(command.id, Told(CommandOutcome.REFUSED, sentence))
            return
        log.info("The server orders: %s.", command.kind)
        self._note(NotedCommand(command, boot=reading.evidence.boot))
        told = _done(deed, command)
        if told is not None:
            self._end(command.id, told)

    def _end(self, command_id: str, told: Told) -> None:
        note = self._noted.get(command_id)
        if note is None or note.told is not None:
            return
        log.info("%s: %s. %s", note.command.kind, told.outcome.value, told.sentence)
        self._note(replace(note, told=told, ended=self._clock.read().evidence))

    def _report(self, note: NotedCommand, told: Told) -> None:
        now = self._clock.read().evidence
        report = CommandReport(
            outcome=told.outcome,
            ended=note.ended or now,
            clock=now,
            sentence=told.sentence,
            said=said_in(_text(note, told)),
            result=told.result,
        )
        try:
            self._link.report(note.command.id, report)
        except LinkError as error:
            # On the word of our server only: what stands on the way may say anything.
            if error.type not in _UNREADABLE:
                raise
            log.warning("The server cannot read the report on %s: %s", note.command.kind, error)
        self._note(replace(note, told=told._replace(result=b""), heard=True))

    def _note(self, note: NotedCommand) -> None:
        """Keep a note durably, and forget those that the server cannot give again."""
        noted = {**self._noted, note.command.id: note}
        now = to_millis(self._clock.read().now)
        kept = {id_: one for id_, one in noted.items() if one.command.expires > now - _kept_millis(one)}
        self._notes.write(list(kept.values()))
        self._noted = kept

    def _resumed(self, note: NotedCommand, boot: str) -> NotedCommand:
        """Return what became of a command that was begun before this start."""
        if not note.boot or note.told is not None or note.command.kind == CommandKind.WIPE:
            return note
        return replace(note, told=_at_next_start(note, boot), ended=self._clock.read().evidence)


def _at_next_start(note: NotedCommand, boot: str) -> Told:
    if note.command.kind == CommandKind.RESTART:
        return Told(CommandOutcome.DONE, english(Saying.RESTARTED))
    if note.command.kind == CommandKind.REBOOT:
        if note.boot != boot:
            return Told(CommandOutcome.DONE, english(Saying.REBOOTED))
        return Told(CommandOutcome.FAILED, english(Saying.NOT_REBOOTED))
    return Told(CommandOutcome.FAILED, english(Saying.BROKEN_OFF))


def _text(note: NotedCommand, told: Told) -> str:
    """Return what is to be said of how a command ended: of a self-test each part."""
    is_test = note.command.kind == CommandKind.SELF_TEST
    return told.result.decode(errors="replace") if is_test and told.result else told.sentence


def _kept_millis(note: NotedCommand) -> int:
    return (_KEPT_DAYS if note.heard else _PATIENT_DAYS) * _DAY_MILLIS


def _done(deed: Deed, command: Command) -> Told | None:
    try:
        return deed(command.id)
    except DeedError as error:
        return Told(error.outcome, str(error))
    except Exception:  # a bug in one deed must not end the others
        log.exception("The command %s failed.", command.kind)
        return Told(CommandOutcome.FAILED, english(Saying.WENT_WRONG))


def _unreachable(error: LinkError) -> None:
    """Leave it to the heartbeat to say that the server cannot be reached."""
    del error
