"""`kiosks` and the configuration of `kiosk-devices` of the JSON API (json-api 4).

A fixed event is the one its counter chose (rules 8.2); without it the zuil chooses itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Body, Depends, Header, Query
from sqlalchemy import ColumnElement, and_, func, or_
from sqlmodel import Session, col, select
from starlette.responses import Response

from server.api.callers import ByToken, Caller, limited
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page
from server.counters.models import Counter
from server.events.models import Event
from server.kernel.database import RequestSession
from server.kiosks.choices import is_choice
from server.kiosks.devices import TOKEN, SpeakingDevice, set_up_device
from server.kiosks.functions import numbers_to_order, permissions_with
from server.kiosks.messages import (
    KioskDevice,
    KioskDeviceEvent,
    KioskDeviceEventRequest,
    KioskDeviceSetup,
    event_message,
    kiosk_messages,
)
from server.kiosks.models import Kiosk, KioskCounter, KioskState
from server.kiosks.setup import put_event
from server.staff.roles import Permission

MOST_SETUPS: Final = 20
SETUP_SECONDS: Final = 600
_NUMBER: Final = re.compile("[0-9]{1,7}")

router = Operations()


@router.put(
    "/kiosk-devices/setup",
    dependencies=[Depends(limited("kiosk setup", most=MOST_SETUPS, seconds=SETUP_SECONDS))],
)
def set_up(
    session: RequestSession,
    sent: KioskDeviceSetup,
    code: Annotated[str, Header(alias=TOKEN)] = "",
) -> KioskDevice:
    """Let a device be the zuil that its configuration code was made for."""
    if not code:
        raise ApiError(Prob.UNAUTHORIZED, f"Send the configuration code as {TOKEN}.")
    kiosk = set_up_device(session, code, sent.name, sent.device_id, datetime.now(UTC))
    return _message(session, kiosk)


@router.get("/kiosk-devices")
def show_own(session: RequestSession, device: SpeakingDevice) -> KioskDevice:
    """Return what a device is."""
    return _message(session, session.get_one(Kiosk, device))


@router.get("/kiosk-devices/events")
def show_own_event(session: RequestSession, device: SpeakingDevice) -> KioskDeviceEvent:
    """Return the fixed event of a device."""
    return _fixed_event(session, session.get_one(Kiosk, device), Prob.NOT_FOUND)


@router.put("/kiosk-devices/events", status_code=204)
def fix_own_event(session: RequestSession, device: SpeakingDevice, sent: KioskDeviceEventRequest) -> Response:
    """Fix the event of a device."""
    _fix_event(session, session.get_one(Kiosk, device), sent.id)
    return Response(status_code=204)


@router.delete("/kiosk-devices/events", status_code=204)
def free_own_event(session: RequestSession, device: SpeakingDevice) -> Response:
    """Leave the choice of the event to the device."""
    put_event(session, session.get_one(Kiosk, device), None)
    return Response(status_code=204)


@router.get("/kiosks")
def list_kiosks(
    session: RequestSession,
    caller: ByToken,
    asked: AskedPage,
    organizer: Annotated[str | None, Query(alias="organizerId")] = None,
) -> Page[KioskDevice]:
    """Return the zuilen in use that the caller may read or order; of one organiser when it is named."""
    found = select(Kiosk).where(Kiosk.state == KioskState.ACTIVE, _may_be_read(session, caller, organizer))
    total = session.exec(select(func.count()).select_from(found.subquery())).one()
    part = session.exec(found.order_by(col(Kiosk.number)).offset(asked.start).limit(asked.limit)).all()
    return Page(total_items=total, member=kiosk_messages(session, part))


@router.get("/kiosks/{kiosk_id}")
def show_kiosk(session: RequestSession, caller: ByToken, kiosk_id: str) -> KioskDevice:
    """Return a zuil of the caller's organisers, or one that he may order."""
    kiosk = _found(session, kiosk_id)
    if Permission.COMMAND_KIOSKS not in permissions_with(session, caller, kiosk):
        _require(session, caller, ApiPermission.KIOSKS_READ, kiosk)
    return _message(session, kiosk)


@router.get("/kiosks/{kiosk_id}/fixed-event")
def show_fixed_event(session: RequestSession, caller: ByToken, kiosk_id: str) -> KioskDeviceEvent:
    """Return the fixed event of a zuil."""
    kiosk = _kiosk(session, caller, ApiPermission.KIOSKS_READ, kiosk_id)
    return _fixed_event(session, kiosk, Prob.EVENT_NOT_FOUND)


@router.put("/kiosks/{kiosk_id}/fixed-event", status_code=204)
def fix_event(
    session: RequestSession,
    caller: ByToken,
    kiosk_id: str,
    sent: Annotated[KioskDeviceEventRequest, Body()],
) -> Response:
    """Fix the event of a zuil."""
    kiosk = _kiosk(session, caller, ApiPermission.KIOSKS_WRITE, kiosk_id)
    _fix_event(session, kiosk, sent.id, caller)
    return Response(status_code=204)


@router.delete("/kiosks/{kiosk_id}/fixed-event", status_code=204)
def free_event(session: RequestSession, caller: ByToken, kiosk_id: str) -> Response:
    """Leave the choice of the event to the zuil."""
    kiosk = _kiosk(session, caller, ApiPermission.KIOSKS_WRITE, kiosk_id)
    if kiosk.manual_event_id is None:
        raise ApiError(Prob.EVENT_NOT_FOUND, "No event was fixed.")
    put_event(session, kiosk, None, staff_id=caller.staff_id, client=caller.client)
    return Response(status_code=204)


def _message(session: Session, kiosk: Kiosk) -> KioskDevice:
    found = kiosk_messages(session, [kiosk])
    if not found:
        raise ApiError(Prob.FORBIDDEN, "This kiosk stands at no counter any more.")
    return found[0]


def _kiosk(session: Session, caller: Caller, permission: ApiPermission, kiosk_id: str) -> Kiosk:
    """Return a zuil of an organiser that the caller has a permission for.

    Raises:
        ApiError: 404, there is no such zuil; 403, it is another organiser's.
    """
    kiosk = _found(session, kiosk_id)
    _require(session, caller, permission, kiosk)
    return kiosk


def _found(session: Session, kiosk_id: str) -> Kiosk:
    kiosk = session.get(Kiosk, int(kiosk_id) if _NUMBER.fullmatch(kiosk_id) else 0)
    if kiosk is None or kiosk.state == KioskState.REMOVED:
        raise ApiError(Prob.NOT_FOUND, f"There is no kiosk {kiosk_id}.")
    return kiosk


def _require(session: Session, caller: Caller, permission: ApiPermission, kiosk: Kiosk) -> None:
    query = (
        select(Counter.organizer_id)
        .join(KioskCounter, col(KioskCounter.counter_id) == col(Counter.id))
        .where(KioskCounter.kiosk == kiosk.number)
    )
    if not caller.organizers(permission) & set(session.exec(query)):
        detail = f"The permission {permission} is missing for the organizer of this kiosk."
        raise ApiError(Prob.FORBIDDEN, detail)


def _may_be_read(session: Session, caller: Caller, organizer: str | None) -> ColumnElement[bool]:
    """Return a condition for the zuilen of the caller's organisers, and those that he may order.

    organizer: only those of one organiser.

    Raises:
        ApiError: 403, he may read none.
    """
    to_order = numbers_to_order(session, caller)
    if to_order is None:
        caller.require(ApiPermission.KIOSKS_READ, organizer=organizer)
        return _stands_at({organizer} if organizer else caller.organizers(ApiPermission.KIOSKS_READ))
    own = _stands_at(caller.organizers(ApiPermission.KIOSKS_READ))
    readable = or_(own, col(Kiosk.number).in_(to_order))
    return and_(readable, _stands_at({organizer})) if organizer else readable


def _stands_at(organizers: Collection[str]) -> ColumnElement[bool]:
    numbers = (
        select(col(KioskCounter.kiosk))
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(col(Counter.organizer_id).in_(organizers))
    )
    return col(Kiosk.number).in_(numbers)


def _fixed_event(session: Session, kiosk: Kiosk, missing: Prob) -> KioskDeviceEvent:
    event = session.get(Event, kiosk.manual_event_id) if kiosk.manual_event_id else None
    if event is None:
        raise ApiError(missing, "No event was fixed.")
    return event_message(session, kiosk, event, datetime.now(UTC))


def _fix_event(session: Session, kiosk: Kiosk, event_id: str, caller: Caller | None = None) -> None:
    """Fix an event that one of the zuil's counters organises or hosts (rules 8.1).

    Raises:
        ApiError: 400, there is no such event, or it is not of these counters.
    """
    if session.get(Event, event_id) is None:
        raise ApiError(Prob.EVENT_NOT_FOUND, status=400, title=f"Event id {event_id} not found")
    counters = session.exec(select(KioskCounter.counter_id).where(KioskCounter.kiosk == kiosk.number)).all()
    if not any(is_choice(session, counter, event_id) for counter in counters):
        raise ApiError(Prob.EVENT_NOT_ACCEPTABLE, "The event is not organised by or located at its counters.")
    staff_id, client = (caller.staff_id, caller.client) if caller else (None, "")
    put_event(session, kiosk, event_id, staff_id=staff_id, client=client)
