"""The commands of the server and what became of them, in one small file that is replaced as a whole."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from device.adapters.erasing import write_durably
from device.core.notes import NotedCommand, NotesError

FILE_NAME: Final = "commands.json"
log = logging.getLogger(__name__)


class CommandFile:
    """The notes in the state directory `folder`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def read(self) -> list[NotedCommand]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[NotedCommand])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError) as error:
            log.warning("%s cannot be read and is begun anew: %s.", self._path, error)
            return []

    def write(self, notes: Sequence[NotedCommand]) -> None:
        try:
            write_durably(self._path, msgspec.json.encode(list(notes)))
        except OSError as error:
            raise NotesError(f"{self._path} cannot be written: {error}.") from error
