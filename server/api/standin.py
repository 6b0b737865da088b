"""In a demo, what stands in for UiTiD's way to log people in for a program (json-api 1).

The authorization code grant with PKCE, as far as a program needs it to get a user access token.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from sqlmodel import Session

from server.kernel.notes import open_note, seal_note

_PURPOSE: Final = "demo-code"
_LIFE: Final = timedelta(minutes=5)
_NO_PROGRAMS: Final = frozenset({"", "javascript", "data", "vbscript", "blob", "file"})


@dataclass(frozen=True)
class Person:
    """Who logged in. insz: with an identity card."""

    subject: str
    email: str = ""
    insz: str = ""


@dataclass(frozen=True)
class Asked:
    """What a program asked for: where the person goes back to, and what it will prove with its code."""

    client: str
    back_to: str
    challenge: str = ""
    nonce: str = ""


def way_back(session: Session, asked: Asked, who: Person, state: str, now: datetime) -> str:
    """Return the address of the program with the code in it, for who logged in."""
    code = seal_note(session, _PURPOSE, [*astuple(asked), *astuple(who)], now + _LIFE)
    answer = urlencode({"code": code, **({"state": state} if state else {})})
    return f"{asked.back_to}{'&' if '?' in asked.back_to else '?'}{answer}"


def read_code(session: Session, code: str, verifier: str, now: datetime) -> tuple[Asked, Person] | None:
    """Return what a code was given for; None when it is none, too old, or another program's."""
    content = open_note(session, _PURPOSE, code, now)
    if content is None:
        return None
    client, back_to, challenge, nonce, subject, email, insz = map(str, content)
    if challenge and not hmac.compare_digest(challenge, _challenge(verifier)):
        return None
    return Asked(client, back_to, challenge, nonce), Person(subject, email, insz)


def is_program(address: str) -> bool:
    """Tell whether an address is one a program can be reached at."""
    return urlsplit(address).scheme.lower() not in _NO_PROGRAMS


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
