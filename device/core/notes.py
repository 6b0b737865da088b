"""What is remembered of commands, and how one ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from shared.domain.commands import CommandOutcome
from shared.wire.messages import Clock, Command


class DeedError(Exception):
    """A command could not be carried out; its text is one sentence."""

    def __init__(self, sentence: str, outcome: CommandOutcome = CommandOutcome.FAILED) -> None:
        super().__init__(sentence)
        self.outcome = outcome


class Told(NamedTuple):
    """How a command ended. sentence: for a technician. result: what was asked for, such as a picture."""

    outcome: CommandOutcome
    sentence: str = ""
    result: bytes = b""


@dataclass(frozen=True, slots=True)
class NotedCommand:
    """A command and how far it is.

    boot: of the machine when it was begun, empty before that. told, ended: how and when it ended.
    heard: the server knows.
    """

    command: Command
    boot: str = ""
    told: Told | None = None
    ended: Clock | None = None
    heard: bool = False


class NotesError(Exception):
    """The notes could not be written; its text is one sentence."""


class CommandNotes(Protocol):
    """What is remembered of commands, across restarts and power cuts."""

    def read(self) -> list[NotedCommand]:
        """Return the notes; none when they cannot be read."""

    def write(self, notes: Sequence[NotedCommand]) -> None:
        """Replace the notes durably. Raises NotesError."""
