"""Make API clients, give them secrets, revoke them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlmodel import Session

from server.api.models import ApiClient
from server.kernel.audit import record
from server.kernel.errors import ProblemError

CHANGE_OVER: Final = timedelta(days=1)
"""How long the secret before goes on working, so that a partner can put the new one everywhere."""
SECRET_BYTES: Final = 32


def create_client(
    session: Session,
    name: str,
    now: datetime,
    *,
    client_id: str = "",
    card_system_id: int | None = None,
    staff_id: int | None = None,
) -> ApiClient:
    """Make a client without a secret; `client_id` when the issuer of UiTiD knows it already."""
    client = ApiClient(id=client_id or str(uuid4()), name=name, card_system_id=card_system_id, made_at=now)
    session.add(client)
    session.flush()
    record(session, "create", "api_client", client.id, staff_id=staff_id, detail={"name": name})
    return client


def new_secret(session: Session, client: ApiClient, now: datetime, *, staff_id: int | None = None) -> str:
    """Give a client a fresh secret and return it, this once; the one before works a day longer.

    Raises:
        ProblemError: 409, the client is revoked.
    """
    if client.revoked_at is not None:
        raise ProblemError(409, "This client is revoked.", type="zuil:client-revoked")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    if client.secret_hash is not None:
        client.former_hash, client.former_until = client.secret_hash, now + CHANGE_OVER
    client.secret_hash = _hash(secret)
    record(session, "renew-secret", "api_client", client.id, staff_id=staff_id)
    return secret


def revoke_client(session: Session, client: ApiClient, now: datetime, *, staff_id: int | None = None) -> None:
    """Refuse a client from now on, its tokens too, for good."""
    client.revoked_at = now
    client.secret_hash = client.former_hash = None
    record(session, "revoke", "api_client", client.id, staff_id=staff_id)


def find_client(session: Session, client_id: str) -> ApiClient | None:
    """Return a client that is not revoked."""
    client = session.get(ApiClient, client_id)
    return None if client is None or client.revoked_at is not None else client


def has_secret(client: ApiClient, secret: str, now: datetime) -> bool:
    """Tell whether a secret is this client's."""
    is_former_good = client.former_until is not None and now < client.former_until
    good = [client.secret_hash, client.former_hash if is_former_good else None]
    given = _hash(secret)
    return any([one is not None and hmac.compare_digest(one, given) for one in good])  # noqa: C419 - both, always


def _hash(secret: str) -> bytes:
    # A random secret of 256 bits needs no slow hash.
    return hashlib.sha256(secret.encode()).digest()
