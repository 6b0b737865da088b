"""Who this zuil is at the server: its own key and secret, readable by nobody else."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path
from typing import Final

import msgspec

from device.adapters.erasing import erase, write_durably
from shared.wire.messages import Enrolment

FILE_NAME: Final = "credentials.json"
_ATTEMPT: Final = "enrolment-attempt"
_SECRET_BYTES: Final = 16


class DamagedCredentialsError(Exception):
    """The file is there and cannot be read; its text is one clear sentence."""


class Credentials(Enrolment, frozen=True, kw_only=True, omit_defaults=True):
    """An enrolment as it is kept. `code`: the mark of the one-time code that it was exchanged for.

    former_key, former_secret: what it had before they were renewed. A server that is restored from a
    backup of before the renewal knows these, and not the others.
    """

    code: str = ""
    former_key: str = ""
    former_secret: str = ""

    def the_other_way_round(self) -> Credentials:
        """Return the former ones as the present ones, and the reverse."""
        return msgspec.structs.replace(
            self,
            consumer_key=self.former_key,
            consumer_secret=self.former_secret,
            former_key=self.consumer_key,
            former_secret=self.consumer_secret,
        )


def mark_of(code: str) -> str:
    """Return what is kept of a one-time code, to see whether another one was put on the card."""
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def attempt_secret(folder: Path) -> str:
    """Return the secret of the exchange that is under way, also after a power cut. Raises OSError."""
    path = folder / _ATTEMPT
    try:
        known = path.read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        known = ""
    if len(known) != 2 * _SECRET_BYTES:
        known = secrets.token_hex(_SECRET_BYTES)
        write_durably(path, known.encode())
    return known


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


def save_credentials(
    folder: Path, enrolment: Enrolment, code: str = "", *, before: Credentials | None = None
) -> Credentials:
    """Keep the credentials durably: the server shows the secret only once.

    `code` is a `mark_of` one; `before`: those that these renew.
    """
    former = (
        {} if before is None else {"former_key": before.consumer_key, "former_secret": before.consumer_secret}
    )
    return keep(folder, Credentials(**msgspec.structs.asdict(enrolment) | {"code": code} | former))


def keep(folder: Path, credentials: Credentials) -> Credentials:
    """Keep credentials as they are, durably."""
    write_durably(folder / FILE_NAME, msgspec.json.encode(credentials))
    (folder / _ATTEMPT).unlink(missing_ok=True)
    return credentials


def erase_credentials(folder: Path) -> None:
    """Destroy key and secret. Raises OSError."""
    for name in (FILE_NAME, f"{FILE_NAME}.new", _ATTEMPT):
        erase(folder / name)
