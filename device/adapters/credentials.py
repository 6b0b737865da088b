"""Who this zuil is at the server: its own key and secret, readable by nobody else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from device.adapters.erasing import erase, write_durably
from shared.wire.messages import Enrolment

FILE_NAME: Final = "credentials.json"


class DamagedCredentialsError(Exception):
    """The file is there and cannot be read; its text is one clear sentence."""


class Credentials(Enrolment, frozen=True, kw_only=True, omit_defaults=True):
    """An enrolment as it is kept. `code`: the mark of the one-time code that it was exchanged for."""

    code: str = ""


def mark_of(code: str) -> str:
    """Return what is kept of a one-time code, to see whether another one was put on the card."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def load_credentials(folder: Path) -> Credentials | None:
    """Return the credentials kept in a state directory, None before the enrolment.

    Raises:
        DamagedCredentialsError: the file cannot be read.
    """
    path = folder / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise DamagedCredentialsError(
            f"{path} cannot be read ({error}). Remove it and enrol this zuil with a new code."
        ) from error


def save_credentials(folder: Path, enrolment: Enrolment, code: str = "") -> Credentials:
    """Keep the credentials durably: the server shows the secret only once. `code` is a `mark_of` one."""
    credentials = Credentials(**msgspec.structs.asdict(enrolment) | {"code": code})
    write_durably(folder / FILE_NAME, msgspec.json.encode(credentials))
    return credentials


def erase_credentials(folder: Path) -> None:
    """Destroy key and secret. Raises OSError."""
    for name in (FILE_NAME, f"{FILE_NAME}.new"):
        erase(folder / name)
