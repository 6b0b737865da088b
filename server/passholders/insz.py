"""National numbers (INSZ): checked, and kept only as a keyed hash (rules 4.3)."""

from __future__ import annotations

from datetime import date
from typing import Final

from stdnum.be import ssn
from stdnum.exceptions import ValidationError

from server.kernel.vault import Vault

_PURPOSE: Final = b"insz"


class InvalidInszError(ValueError):
    """It is not a national number: digits are missing or the check digits do not follow."""


def parse_insz(text: str) -> str:
    """Return the eleven digits of a national number or a bis number, however it was written.

    Raises:
        InvalidInszError: it is neither.
    """
    try:
        return str(ssn.validate(text))
    except ValidationError as error:
        raise InvalidInszError("This is not a valid national number.") from error


def birth_date_of(insz: str) -> date | None:
    """Return the date of birth a national number says; bis numbers need not say it."""
    try:
        born = ssn.get_birth_date(insz)
    except ValidationError:
        return None
    return born if isinstance(born, date) else None


def insz_digest(vault: Vault, insz: str) -> bytes:
    """Return what is kept of a national number: it cannot be turned back without the installation's key."""
    return vault.fingerprint(_PURPOSE, insz.encode())
