"""Fresh keys for one zuil: its credentials and the key of its QR codes."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlmodel import Session

from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from server.kernel.database import vault_of
from server.kernel.errors import ProblemError
from server.kiosks.enrolment import entrusted, new_credentials
from server.kiosks.models import Kiosk, KioskState
from server.kiosks.setup import CODE_KEY_BYTES, number_of
from shared.wire.messages import Enrolment


def ask_renewal(session: Session, kiosk: Kiosk, now: datetime, *, staff_id: int | None = None) -> None:
    """Have a zuil fetch fresh credentials with its next heartbeat. Those it has stay good until then.

    Raises:
        ProblemError: 409, it has no credentials.
    """
    if kiosk.state != KioskState.ACTIVE:
        raise ProblemError(409, "This zuil is not in use.", type="zuil:not-active")
    kiosk.renewal_asked = now
    record(session, "renew-credentials", "kiosk", kiosk.number, staff_id=staff_id)


def renew(session: Session, kiosk: Kiosk) -> Enrolment:
    """Return fresh credentials. The present ones stay good until these are used (`authentication`).

    Raises:
        ProblemError: 409, nobody asked this zuil for it.
    """
    if kiosk.renewal_asked is None:
        raise ProblemError(409, "This zuil was not asked to renew.", type="zuil:not-asked")
    key, secret = new_credentials(kiosk)
    kiosk.next_consumer_key = key
    kiosk.next_consumer_secret = vault_of(session).seal(secret.encode())
    return entrusted(session, kiosk, key, secret)


def renew_code_key(session: Session, kiosk: Kiosk, *, staff_id: int | None = None) -> None:
    """Give a zuil another key for its QR codes; codes under the old key are no good from now on."""
    kiosk.code_key = vault_of(session).seal(secrets.token_bytes(CODE_KEY_BYTES))
    kiosks_changed(session, [number_of(kiosk)])
    record(session, "renew-code-key", "kiosk", kiosk.number, staff_id=staff_id)
