"""Which zuil is speaking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sqlmodel import Session
from starlette.requests import Request

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database, vault_of
from server.kernel.errors import ProblemError
from server.kernel.oauth1 import (
    SignedRequest,
    check_signature,
    nonce_used,
    read_signed_request,
    unknown_key,
    use_nonces,
)
from server.kiosks.models import KioskState
from server.settings import Settings
from shared.wire import problems

_FIND: Final = Statement(
    "SELECT rows.key, number, state, consumer_secret, 0 FROM {rows} JOIN kiosk ON consumer_key = rows.key"
    " UNION ALL SELECT rows.key, number, state, next_consumer_secret, 1 FROM {rows}"
    " JOIN kiosk ON next_consumer_key = rows.key",
    key="text",
)
_USE_NEXT: Final = Statement(
    "UPDATE kiosk SET consumer_key = next_consumer_key, consumer_secret = next_consumer_secret,"
    " next_consumer_key = NULL, next_consumer_secret = NULL, renewal_asked = NULL"
    " WHERE next_consumer_key = :key"
)


class BlockedError(ProblemError):
    """A zuil spoke that is blocked or removed; `kiosk` is its number."""

    def __init__(self, kiosk: int) -> None:
        super().__init__(403, "This zuil is blocked.", type=problems.KIOSK_BLOCKED)
        self.kiosk = kiosk


class _Consumer(NamedTuple):
    """Whose key it is. `is_next`: the key of fresh credentials that were not used before."""

    kiosk: int
    state: str
    secret: bytes
    is_next: bool


class Speaker(NamedTuple):
    """A zuil that signed a request. `is_blocked`: blocked or removed, it may only hand in its taps."""

    kiosk: int
    is_blocked: bool


def identify(session: Session, request: Request, body: bytes) -> int:
    """Return the number of the zuil that signed a request, and use up the request's nonce.

    Raises:
        ProblemError: 401, not signed by a zuil of ours; 403, blocked.
    """
    (who,) = identify_all(session, [(request, body)])
    if isinstance(who, ProblemError):
        raise who
    if who.is_blocked:
        raise BlockedError(who.kiosk)
    return who.kiosk


def identified(request: Request, body: bytes = b"") -> int:
    """Return the number of the zuil, in a transaction of its own; for requests that only read afterwards.

    Raises:
        ProblemError: see `identify`.
    """
    database: Database = request.app.state.database
    with database.writing() as session:
        return identify(session, request, body)


def identify_all(session: Session, requests: Sequence[tuple[Request, bytes]]) -> list[Speaker | ProblemError]:
    """Return who signed each request with its body, or why it is refused; use up the nonces of the good."""
    bulk = Bulk(session)
    read = [_read(request, body) for request, body in requests]
    signed = [one for one in read if isinstance(one, SignedRequest)]
    consumers = {
        key: _Consumer(int(kiosk), state, bytes(secret), bool(is_next))
        for key, kiosk, state, secret, is_next in bulk.run(
            _FIND, rows=[(one.consumer_key,) for one in signed]
        )
    }
    checked = [one if isinstance(one, ProblemError) else _check(session, one, consumers) for one in read]
    fresh = use_nonces(bulk, [one for one in checked if isinstance(one, SignedRequest)])
    return [
        one
        if isinstance(one, ProblemError)
        else _admit(bulk, one, consumers[one.consumer_key])
        if one.once in fresh
        else nonce_used()
        for one in checked
    ]


def _read(request: Request, body: bytes) -> SignedRequest | ProblemError:
    settings: Settings = request.app.state.settings
    try:
        return read_signed_request(request, body, settings.public_url)
    except ProblemError as problem:
        return problem


def _check(
    session: Session, signed: SignedRequest, consumers: Mapping[str, _Consumer]
) -> SignedRequest | ProblemError:
    consumer = consumers.get(signed.consumer_key)
    if consumer is None:
        return unknown_key()
    try:
        check_signature(signed, vault_of(session).open(consumer.secret).decode())
    except ProblemError as problem:
        return problem
    return signed


def _admit(bulk: Bulk, signed: SignedRequest, consumer: _Consumer) -> Speaker:
    if consumer.is_next:
        # The zuil has its fresh credentials: from here on the old ones are void.
        bulk.touch(_USE_NEXT, {"key": signed.consumer_key})
    # NEW with credentials: it was blocked, and waits for another enrolment. A removed one is told the same,
    # so that it hands in what it has and destroys its keys.
    return Speaker(consumer.kiosk, consumer.state != KioskState.ACTIVE)
