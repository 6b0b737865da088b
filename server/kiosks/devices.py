"""Devices that speak the JSON API for a zuil: known by an id of their own, which is their key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends
from sqlmodel import Session, select
from starlette.requests import Request

from server.api.problems import ApiError, Prob
from server.kernel.audit import record
from server.kernel.bulk import Bulk
from server.kernel.database import Database, vault_of
from server.kernel.errors import ProblemError
from server.kiosks.contact import keep_heartbeat, note_spoken
from server.kiosks.enrolment import admit, find_code, is_in_use, use_up
from server.kiosks.models import Kiosk, KioskLive, KioskState
from shared.domain.zones import to_millis
from shared.wire.messages import Clock, Heartbeat

TOKEN: Final = "x-custom-token"  # noqa: S105 - a header's name
CODE_SECONDS: Final = 300
"""How long a QR code lives on such a device: it asks for another now and then, not every half minute."""
HEARD_AGAIN: Final = timedelta(seconds=30)
VERSION: Final = "JSON API"


def set_up_device(session: Session, code: str, name: str, device_id: str, now: datetime) -> Kiosk:
    """Let a device be the zuil that a one-time code was made for, if that has this name and no device yet.

    Raises:
        ApiError: the code, the name or the id is refused.
    """
    try:
        enrolment, kiosk = find_code(session, code, now)
    except ProblemError as error:
        if is_in_use(session, code):
            raise ApiError(Prob.KIOSK_ALREADY_CONFIGURED) from error
        raise ApiError(Prob.UNAUTHORIZED, error.title) from error
    if kiosk.name.casefold() != " ".join(name.split()).casefold():
        raise ApiError(Prob.KIOSK_NOT_FOUND, f"This code is not for a kiosk named {name}.")
    if kiosk.state == KioskState.ACTIVE:
        raise ApiError(Prob.KIOSK_ALREADY_CONFIGURED)
    hashed = device_hash(device_id)
    known = session.exec(select(Kiosk.number).where(Kiosk.device_hash == hashed)).first()
    if known not in (None, kiosk.number):
        raise ApiError(Prob.KIOSK_DEVICE_ALREADY_IN_USE)
    use_up(session, enrolment, now)
    admit(session, kiosk)
    kiosk.device_hash, kiosk.device_id = hashed, vault_of(session).seal(device_id.encode())
    kiosk.qr_seconds = CODE_SECONDS
    record(session, "enrol", "kiosk", kiosk.number, detail={"version": VERSION})
    return kiosk


def device_hash(device_id: str) -> bytes:
    """Return what is kept of a device's id to find it by."""
    return hashlib.sha256(device_id.encode()).digest()


def speaking_device(request: Request) -> int:
    """Return the number of the zuil that a device speaks for, and note that it was heard of.

    In a transaction of its own, before the request's: SQLite has one writer.

    Raises:
        ApiError: 401, no such device; 403, it is blocked.
    """
    device_id, now = request.headers.get(TOKEN, ""), datetime.now(UTC)
    if not device_id:
        raise ApiError(Prob.UNAUTHORIZED, f"Send the device id as {TOKEN}.")
    database: Database = request.app.state.database
    with database.reading() as session:
        kiosk = session.exec(select(Kiosk).where(Kiosk.device_hash == device_hash(device_id))).first()
        if kiosk is None or kiosk.number is None:
            raise ApiError(Prob.UNAUTHORIZED, "This device id is not known.")
        if kiosk.state != KioskState.ACTIVE:
            raise ApiError(Prob.FORBIDDEN, "This kiosk is not in use.")
        heard = session.exec(select(KioskLive.last_contact).where(KioskLive.kiosk == kiosk.number)).first()
        number, lease = kiosk.number, kiosk.lease_days
    if heard is None or now - heard > HEARD_AGAIN:
        address = request.client.host if request.client else ""
        with database.writing() as session:
            _note_heard(session, number, now, lease_days=lease, address=address)
    return number


SpeakingDevice = Annotated[int, Depends(speaking_device)]


def _note_heard(session: Session, kiosk: int, now: datetime, *, lease_days: int, address: str) -> None:
    """Note that a device was heard of; it says nothing of how it is."""
    clock = Clock(wall=to_millis(now), monotonic=0, boot="", offset=0)
    beat = Heartbeat(clock=clock, version=VERSION, queue=0)
    Bulk(session).run_all([keep_heartbeat(kiosk, beat, now, lease_days=lease_days, address=address)])
    note_spoken(session, kiosk, now)
