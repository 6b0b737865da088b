"""Read the rows of a journal: each one a tap, or refused by itself with a sentence that says why."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from server.checkins.evidence import effective_time, knew_no_time
from shared.domain.numbers import InvalidNumberError, parse_chip_number
from shared.domain.outcomes import Outcome
from shared.wire.messages import Clock, Tap, Upload, UploadItem

LATEST_MILLIS: Final = 1 << 60
"""Beyond it the database cannot keep what a clock says."""
MAX_EVENT: Final = 64
MAX_SYSTEM: Final = (1 << 31) - 1
TOKEN_DIGITS: Final = 16
_SIGN: Final = 1 << 63
_UUID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OUTCOMES: Final = {outcome.value: outcome for outcome in Outcome}
_DECODER: Final = msgspec.json.Decoder(Tap)


class ReadTap(msgspec.Struct, frozen=True, gc=False):
    """A tap that can be judged. `card`: (card system, signed token); `chip_number`: of a card not known.

    is_eventless: it has no event, because its zuil did not know what time it was.
    """

    seq: int
    id: str
    at: int
    wall: int
    shown: Outcome
    event: str | None
    card: tuple[int, int] | None
    chip_number: str | None
    is_checkin: bool
    is_eventless: bool = False


class RefusedItem(NamedTuple):
    """A row that cannot be used, as it came."""

    seq: int
    payload: bytes
    reason: str


class _UnusableTapError(ValueError):
    """str() says why this row cannot be used."""


def read_taps(
    upload: Upload, received: int, opener: Callable[[], PrivateKey]
) -> tuple[list[ReadTap], list[RefusedItem]]:
    """Read every row; `opener` gives the key that opens sealed chip numbers, rarely needed."""
    taps: list[ReadTap] = []
    refused: list[RefusedItem] = []
    for item in upload.items:
        try:
            taps.append(_read(item, upload, received, opener))
        except (msgspec.MsgspecError, ValueError) as error:
            refused.append(RefusedItem(item.seq, bytes(item.tap), str(error)))
    return taps, refused


def _read(item: UploadItem, upload: Upload, received: int, opener: Callable[[], PrivateKey]) -> ReadTap:
    tap = _DECODER.decode(item.tap)
    _check_clock(tap.clock)
    event = tap.event
    if event is not None and (len(event) > MAX_EVENT or not event.isprintable()):
        raise _UnusableTapError("The event of this tap is not an event id.")
    at, is_checkin = effective_time(tap.clock, upload.clock, received), tap.mode == "checkin"
    return ReadTap(
        seq=item.seq,
        id=tap.id if _UUID.fullmatch(tap.id) else str(UUID(tap.id)),
        at=at,
        wall=tap.clock.wall,
        shown=_OUTCOMES.get(tap.outcome) or Outcome(tap.outcome),
        event=event,
        card=_card(tap),
        chip_number=None if tap.sealed is None else _open(tap.sealed, opener()),
        is_checkin=is_checkin,
        is_eventless=is_checkin and event is None and knew_no_time(tap.clock, upload.clock, at),
    )


def _check_clock(clock: Clock) -> None:
    if (
        not -LATEST_MILLIS < clock.wall < LATEST_MILLIS
        or not -LATEST_MILLIS < clock.monotonic < LATEST_MILLIS
    ):
        raise _UnusableTapError("The clock of this tap says no time that can be kept.")


def _card(tap: Tap) -> tuple[int, int] | None:
    if tap.card is None or tap.system is None:
        return None
    if len(tap.card) != TOKEN_DIGITS or not 0 <= tap.system <= MAX_SYSTEM:
        raise _UnusableTapError("The card of this tap is not a token of 16 hexadecimal digits.")
    return tap.system, (int(tap.card, 16) + _SIGN) % (2 * _SIGN) - _SIGN


def _open(sealed: bytes, opener: PrivateKey) -> str:
    try:
        return parse_chip_number(SealedBox(opener).decrypt(sealed).decode("ascii"))
    except (CryptoError, InvalidNumberError, UnicodeDecodeError) as error:
        raise _UnusableTapError("The sealed chip number of this tap cannot be opened.") from error
