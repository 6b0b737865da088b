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

_FIND: Final = Statement("SELECT number, state, consumer_secret FROM kiosk WHERE consumer_key = :key")


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
    number, state, secret = found[0]
    check_signature(signed, vault_of(session).open(bytes(secret)).decode())
    use_nonce(bulk, signed)
    if state == KioskState.REMOVED:
        raise unknown_key()
    if state == KioskState.BLOCKED and not also_blocked:
        raise ProblemError(403, "This zuil is blocked.", type=problems.KIOSK_BLOCKED)
    return int(number)
