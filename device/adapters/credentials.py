"""Who this zuil is at the server: its own key and secret, readable by nobody else."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from shared.wire.messages import Enrolment

FILE_NAME: Final = "credentials.json"
_OWNER_ONLY: Final = 0o600


class DamagedCredentialsError(Exception):
    """The file is there and cannot be read; its text is one clear sentence."""


def load_credentials(folder: Path) -> Enrolment | None:
    """Return the credentials kept in a state directory, None before the enrolment.

    Raises:
        DamagedCredentialsError: the file cannot be read.
    """
    path = folder / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Enrolment)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise DamagedCredentialsError(
            f"{path} cannot be read ({error}). Remove it and enrol this zuil with a new code."
        ) from error


def save_credentials(folder: Path, enrolment: Enrolment) -> None:
    """Keep the credentials durably: the server shows the secret only once."""
    path, draft = folder / FILE_NAME, folder / f"{FILE_NAME}.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(enrolment))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
