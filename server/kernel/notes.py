"""Notes that we hand out and get back: sealed, so that nobody reads, makes or changes one.

They go where a database row would be too much: in a link in a mail, in a header of the API.
"""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from server.kernel.database import vault_of
from server.kernel.vault import VaultError

Plain = str | int | None


def seal_note(session: Session, purpose: str, content: Sequence[Plain], until: datetime) -> str:
    """Return a note for one purpose, good until an instant, as it fits in an address."""
    plain = json.dumps([purpose, int(until.timestamp()), *content]).encode()
    return urlsafe_b64encode(vault_of(session).seal(plain)).rstrip(b"=").decode()


def open_note(session: Session, purpose: str, note: str, now: datetime) -> list[Plain] | None:
    """Return what a note says; None when it is not ours, for another purpose, or too old."""
    try:
        sealed = urlsafe_b64decode(note + "=" * (-len(note) % 4))
        said, until, *content = json.loads(vault_of(session).open(sealed))
    except (VaultError, binascii.Error, ValueError):
        return None
    return content if said == purpose and now.timestamp() < until else None
