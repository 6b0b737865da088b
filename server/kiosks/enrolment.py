"""One-time codes: made in the dashboard, exchanged by a device for its own key and secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import Session, col

from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from server.kernel.database import vault_of
from server.kernel.errors import ProblemError
from server.kernel.keys import sealing_key, signing_key
from server.kiosks.closing import close_commands
from server.kiosks.models import Kiosk, KioskEnrolment, KioskState
from server.kiosks.replacing import is_another_device, set_aside
from server.kiosks.setup import number_of
from shared.wire import problems
from shared.wire.messages import Enrolment, EnrolmentRequest

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0 O, 1 I L, no U that reads as V."""
CODE_LENGTH: Final = 8
LIFE: Final = timedelta(days=1)
REPEATABLE: Final = timedelta(minutes=10)
"""How long after an exchange the same attempt gets another answer: the first one was lost."""


def make_enrolment_code(session: Session, kiosk: Kiosk, now: datetime, *, staff_id: int | None = None) -> str:
    """Return a fresh code for a zuil, good for one day and one device; older codes of it are void."""
    number = number_of(kiosk)
    unused = delete(KioskEnrolment).where(
        col(KioskEnrolment.kiosk) == number, col(KioskEnrolment.used_at).is_(None)
    )
    session.execute(unused)
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    session.add(KioskEnrolment(code_hash=_hash(code), kiosk=number, expires=now + LIFE, created_by=staff_id))
    record(session, "make-enrolment-code", "kiosk", number, staff_id=staff_id)
    return f"{code[:4]}-{code[4:]}"


def find_code(session: Session, code: str, now: datetime) -> tuple[KioskEnrolment, Kiosk]:
    """Return what a code is for. Case, spaces and dashes do not matter.

    Raises:
        ProblemError: 404, the code is unknown, used or expired; which of these is nobody's business.
    """
    enrolment = session.get(KioskEnrolment, _hash(code))
    if enrolment is None or enrolment.used_at is not None or enrolment.expires <= now:
        raise _refused()
    return enrolment, _wanted_kiosk(session, enrolment)


def is_in_use(session: Session, code: str) -> bool:
    """Tell whether a code was used up, for a zuil that is in use now."""
    enrolment = session.get(KioskEnrolment, _hash(code))
    if enrolment is None or enrolment.used_at is None:
        return False
    return session.get_one(Kiosk, enrolment.kiosk).state == KioskState.ACTIVE


def enrol(session: Session, request: EnrolmentRequest, now: datetime) -> Enrolment:
    """Exchange a code for credentials. Those of a device that was this zuil before stop working.

    When its journal shows that it is another one, the device before may still hand in what it has.

    The same attempt gets fresh ones for a code that it used up itself a few minutes ago, as long as nobody
    used the first: their answer was lost, and they are void from now on.

    Raises:
        ProblemError: 404, see `find_code`.
    """
    enrolment = _repeated(session, request, now)
    if enrolment is None:
        enrolment, kiosk = find_code(session, request.code, now)
        use_up(session, enrolment, now)
        if is_another_device(session, kiosk, request.last_seq):
            set_aside(session, kiosk, now)
    kiosk = _wanted_kiosk(session, enrolment)
    key, secret = new_credentials(kiosk)
    enrolment.attempt_hash = _hash_attempt(request.attempt) if request.attempt else None
    enrolment.consumer_key = key
    admit(session, kiosk)
    # Next ones, and none at present: the first request signed with them shows that they arrived.
    kiosk.next_consumer_key, kiosk.next_consumer_secret = key, vault_of(session).seal(secret.encode())
    detail = {"hardware": request.hardware, "version": request.version}
    record(session, "enrol", "kiosk", kiosk.number, detail=detail)
    return entrusted(session, kiosk, key, secret)


def admit(session: Session, kiosk: Kiosk) -> None:
    """Put a zuil in use, for a device whose credentials come next: those of any before are void."""
    kiosk.consumer_key = kiosk.consumer_secret = kiosk.renewal_asked = None
    kiosk.next_consumer_key = kiosk.next_consumer_secret = None
    kiosk.device_hash = kiosk.device_id = None
    kiosk.state = KioskState.ACTIVE
    kiosk.blocked_at = kiosk.told_at = kiosk.wiped_at = None
    close_commands(session, kiosk)
    kiosks_changed(session, [number_of(kiosk)])


def new_credentials(kiosk: Kiosk) -> tuple[str, str]:
    """Return a fresh key and secret for a zuil."""
    return f"zuil-{number_of(kiosk)}-{secrets.token_hex(6)}", secrets.token_urlsafe(32)


def entrusted(session: Session, kiosk: Kiosk, key: str, secret: str) -> Enrolment:
    """Return what a zuil is told of itself: its credentials and the server's public keys."""
    return Enrolment(
        kiosk=number_of(kiosk),
        name=kiosk.name,
        consumer_key=key,
        consumer_secret=secret,
        sealing_key=bytes(sealing_key(session).public_key),
        signing_key=bytes(signing_key(session).verify_key),
    )


def _wanted_kiosk(session: Session, enrolment: KioskEnrolment) -> Kiosk:
    kiosk = session.get_one(Kiosk, enrolment.kiosk)
    if kiosk.state in (KioskState.BLOCKED, KioskState.REMOVED):
        raise _refused()
    return kiosk


def _repeated(session: Session, request: EnrolmentRequest, now: datetime) -> KioskEnrolment | None:
    """Return the exchange that this very attempt made before, when it may be repeated."""
    if not request.attempt:
        return None
    enrolment = session.get(KioskEnrolment, _hash(request.code), with_for_update=True)
    if enrolment is None or enrolment.used_at is None or enrolment.attempt_hash is None:
        return None
    kiosk = session.get_one(Kiosk, enrolment.kiosk, with_for_update=True)
    is_same = hmac.compare_digest(enrolment.attempt_hash, _hash_attempt(request.attempt))
    is_unused = kiosk.next_consumer_key is not None and kiosk.next_consumer_key == enrolment.consumer_key
    return enrolment if is_same and is_unused and now - enrolment.used_at <= REPEATABLE else None


def use_up(session: Session, enrolment: KioskEnrolment, now: datetime) -> None:
    """Let nobody else have a code.

    Raises:
        ProblemError: 404, somebody has it.
    """
    # Two devices with one code: the database lets exactly one of them have it.
    claimed = session.execute(
        update(KioskEnrolment)
        .where(col(KioskEnrolment.code_hash) == enrolment.code_hash, col(KioskEnrolment.used_at).is_(None))
        .values(used_at=now)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        raise _refused()


def _hash(code: str) -> bytes:
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(plain.encode()).digest()


def _hash_attempt(attempt: str) -> bytes:
    return hashlib.sha256(attempt.encode()).digest()


def _refused() -> ProblemError:
    return ProblemError(
        404, "This code is not known, was used before or has expired.", type=problems.CODE_REFUSED
    )
