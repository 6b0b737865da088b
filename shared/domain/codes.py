"""Check-in codes: what the QR on a zuil or a poster carries (`design/sync.md`, rules 7.10, 8.7).

25 upper-case characters: the zuil's number, the event's number, the moment of making and a
message authentication code, so that the server can check a code without the zuil, and nobody
can make one without the zuil's key. The base-32 alphabet keeps the QR in its small
alphanumeric mode.

A poster's code stays the same for as long as its edition hangs: 23 characters with the event, the
edition and a longer authentication code. It is good in the event's check-in windows, which
whoever asks judges.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_KIOSK, _EVENT, _MOMENT, _MAC = 4, 5, 6, 10
CODE_LENGTH: Final = _KIOSK + _EVENT + _MOMENT + _MAC
_TICK_SECONDS: Final = 5
_EDITION, _POSTER_MAC = 3, 15
POSTER_LENGTH: Final = _EVENT + _EDITION + _POSTER_MAC


class CodeVerdict(StrEnum):
    """What a code is worth at this moment."""

    VALID = "valid"
    EXPIRED = "expired"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class CheckinCode:
    """A code as it was read, not yet verified. `made` is the instant the zuil says it made it."""

    kiosk: int
    event: int
    made: datetime
    mac: str


def make_code(key: bytes, kiosk: int, event: int, now: datetime, step_seconds: int = 30) -> str:
    """Return the code of a zuil (number below 2**20) for an event (below 2**25); the same during one step.

    A step is rounded up to a multiple of five seconds.
    """
    step = _whole_ticks(step_seconds)
    made = int(now.timestamp()) // step * step
    body = _digits(kiosk, _KIOSK) + _digits(event, _EVENT) + _digits(made // _TICK_SECONDS, _MOMENT)
    return body + _mac(key, body)


def read_code(text: str) -> CheckinCode | None:
    """Read a code, or the link that ends in one, in any case; None when it is not a code of ours."""
    code = text.strip().rsplit("/", 1)[-1].upper()
    if len(code) != CODE_LENGTH or not set(code) <= set(_ALPHABET):
        return None
    kiosk, event = _number(code[:_KIOSK]), _number(code[_KIOSK : _KIOSK + _EVENT])
    moment = _number(code[_KIOSK + _EVENT : -_MAC]) * _TICK_SECONDS
    return CheckinCode(kiosk, event, datetime.fromtimestamp(moment, UTC), code[-_MAC:])


def verify_code(
    key: bytes, code: CheckinCode, now: datetime, *, step_seconds: int = 30, tolerance_seconds: float = 15
) -> CodeVerdict:
    """Judge a code of the zuil that owns `key`.

    A code lives for one step. The tolerance, for reading time and the zuil's known clock error,
    is added at both ends; a code from further in the future cannot come from this zuil.
    """
    moment = int(code.made.timestamp()) // _TICK_SECONDS
    body = _digits(code.kiosk, _KIOSK) + _digits(code.event, _EVENT) + _digits(moment, _MOMENT)
    if not hmac.compare_digest(_mac(key, body), code.mac):
        return CodeVerdict.INVALID
    age, tolerance = now - code.made, timedelta(seconds=tolerance_seconds)
    if age < -tolerance:
        return CodeVerdict.INVALID
    life = timedelta(seconds=_whole_ticks(step_seconds))
    return CodeVerdict.VALID if age < life + tolerance else CodeVerdict.EXPIRED


@dataclass(frozen=True, slots=True)
class PosterCode:
    """A poster's code as it was read, not yet verified."""

    event: int
    edition: int
    mac: str


def make_poster_code(key: bytes, event: int, edition: int) -> str:
    """Return the code of a poster of an event (number below 2**25); edition below 2**15."""
    body = _digits(event, _EVENT) + _digits(edition, _EDITION)
    return body + _poster_mac(key, body)


def read_poster_code(text: str) -> PosterCode | None:
    """Read a poster's code, or the link that ends in one, in any case; None when it is not one."""
    code = text.strip().rsplit("/", 1)[-1].upper()
    if len(code) != POSTER_LENGTH or not set(code) <= set(_ALPHABET):
        return None
    event, edition = _number(code[:_EVENT]), _number(code[_EVENT:-_POSTER_MAC])
    return PosterCode(event, edition, code[-_POSTER_MAC:])


def is_poster(key: bytes, code: PosterCode) -> bool:
    """Tell whether a code was made with the key of this event's posters."""
    body = _digits(code.event, _EVENT) + _digits(code.edition, _EDITION)
    return hmac.compare_digest(_poster_mac(key, body), code.mac)


def _poster_mac(key: bytes, body: str) -> str:
    # Another beginning than a zuil's codes have: none of the two passes for the other.
    return b32encode(hmac.digest(key, f"poster {body}".encode(), hashlib.sha256))[:_POSTER_MAC].decode()


def _whole_ticks(seconds: int) -> int:
    """Return a step that a code can express: a whole number of ticks, at least one."""
    return max(-(-seconds // _TICK_SECONDS), 1) * _TICK_SECONDS


def _mac(key: bytes, body: str) -> str:
    return b32encode(hmac.digest(key, body.encode(), hashlib.sha256))[:_MAC].decode()


def _digits(number: int, length: int) -> str:
    if not 0 <= number < 32**length:
        raise ValueError(f"{number} does not fit in {length} characters of a check-in code.")
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))


def _number(digits: str) -> int:
    number = 0
    for digit in digits:
        number = number * 32 + _ALPHABET.index(digit)
    return number
