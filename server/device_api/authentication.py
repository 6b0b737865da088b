"""Which zuil is speaking."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session
from starlette.requests import Request

from server.kernel.bulk import Bulk, Statement
from server.kernel.database import Database, vault_of
from server.kernel.errors import ProblemError
from server.kernel.oauth1 import SignedRequest, check_signature, read_signed_request, unknown_key, use_nonce
from server.kiosks.models import KioskState
from server.settings import Settings
from shared.wire import problems

_FIND: Final = Statement(
    "SELECT number, state, consumer_secret, 0 FROM kiosk WHERE consumer_key = :key"
    " UNION ALL SELECT number, state, next_consumer_secret, 1 FROM kiosk WHERE next_consumer_key = :key"
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


def identify(session: Session, request: Request, body: bytes, *, also_blocked: bool = False) -> int:
    """Return the number of the zuil that signed a request, and use up the request's nonce.

    Raises:
        ProblemError: 401, not signed by a zuil of ours; 403, blocked.
    """
    settings: Settings = request.app.state.settings
    return _admit(session, read_signed_request(request, body, settings.public_url), also_blocked)


def identified(request: Request, body: bytes = b"") -> int:
    """Return the number of the zuil, in a transaction of its own; for requests that only read afterwards.

    Raises:
        ProblemError: see `identify`.
    """
    database: Database = request.app.state.database
    with database.writing() as session:
        return identify(session, request, body)


def _admit(session: Session, signed: SignedRequest, also_blocked: bool) -> int:  # noqa: FBT001 - private
    bulk = Bulk(session)
    found = bulk.run(_FIND, {"key": signed.consumer_key})
    if not found:
        raise unknown_key()
    number, state, secret, is_next = found[0]
    check_signature(signed, vault_of(session).open(bytes(secret)).decode())
    use_nonce(bulk, signed)
    # NEW with credentials: it was blocked, and waits for another enrolment. A removed one is told the same,
    # so that it hands in what it has and destroys its keys.
    if state != KioskState.ACTIVE and not also_blocked:
        raise BlockedError(int(number))
    if is_next:
        # The zuil has its fresh credentials: from here on the old ones are void.
        bulk.touch(_USE_NEXT, {"key": signed.consumer_key})
    return int(number)
