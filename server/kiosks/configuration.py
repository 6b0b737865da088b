"""Everything a zuil is told, as one document."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec
from sqlalchemy import or_
from sqlmodel import Session, col, select
from starlette.requests import Request

from server.cardsystems.branding import display_logo
from server.cardsystems.models import CardSystem
from server.counters.models import Counter, CounterCardSystem
from server.events.models import Event
from server.kernel.database import vault_of
from server.kiosks.models import Kiosk, KioskCounter
from server.kiosks.setup import number_of
from server.releases.offers import offer_to
from server.settings import Settings
from shared.domain.calendars import CalendarKind
from shared.domain.periods import Limit, Period, default_checkin_limit
from shared.domain.windows import windows
from shared.domain.zones import local_day
from shared.wire.mapping import calendar_from_message, limit_to_message
from shared.wire.messages import CalendarMessage, EventMessage, KioskConfig, SystemMessage

AHEAD: Final = timedelta(days=28)
_DAY: Final = timedelta(days=1)
AVAILABLE: Final = "available"


def code_host(request: Request) -> str:
    """Return scheme and host of the links in the QR codes."""
    settings: Settings = request.app.state.settings
    return settings.code_host or settings.public_url or str(request.base_url).rstrip("/")


def systems_of(session: Session, kiosk: int) -> list[int]:
    """Return the card systems of a zuil's counters."""
    found = session.exec(
        select(CounterCardSystem.card_system_id)
        .join(KioskCounter, col(KioskCounter.counter_id) == col(CounterCardSystem.counter_id))
        .where(KioskCounter.kiosk == kiosk)
        .distinct()
        .order_by(col(CounterCardSystem.card_system_id))
    )
    return list(found)


def events_of(session: Session, kiosk: Kiosk, now: datetime) -> list[Event]:
    """Return the events of a zuil's counters that can be saved for in the coming weeks (rules 8.2)."""
    today = local_day(now)
    at_counters = (
        select(Event)
        .join(
            Counter,
            or_(
                col(Counter.organizer_id) == col(Event.organizer_id),
                col(Counter.place_id) == col(Event.place_id),
            ),
        )
        .join(KioskCounter, col(KioskCounter.counter_id) == col(Counter.id))
        .where(
            KioskCounter.kiosk == number_of(kiosk),
            Event.status == AVAILABLE,
            or_(col(Event.last_day) >= today - _DAY, col(Event.id) == kiosk.manual_event_id),
        )
        .order_by(col(Event.id))
    )
    found = {event.id: event for event in session.exec(at_counters)}
    return [
        event
        for event in found.values()
        if event.id == kiosk.manual_event_id or is_soon(msgspec.json.encode(event.calendar), today)
    ]


def compose(session: Session, kiosk: Kiosk, host: str, now: datetime) -> KioskConfig:
    """Return the configuration of a zuil; `version` is a hash of its content.

    host: see `code_host`.
    """
    vault = vault_of(session)
    own_systems = systems_of(session, number_of(kiosk))
    systems = session.exec(select(CardSystem).where(col(CardSystem.id).in_(own_systems)))
    releases = offer_to(session, number_of(kiosk), own_systems)
    config = KioskConfig(
        version="",
        kiosk=number_of(kiosk),
        name=kiosk.name,
        place=kiosk.place,
        mode=kiosk.mode,
        languages=tuple(kiosk.languages),
        qr=kiosk.qr,
        qr_seconds=kiosk.qr_seconds,
        code_key=vault.open(kiosk.code_key),
        code_url=f"{host}/c/".upper(),
        manual_event=kiosk.manual_event_id,
        hold_manual_event=kiosk.hold_manual_event,
        heartbeat_seconds=kiosk.heartbeat_seconds,
        poll_seconds=kiosk.poll_seconds,
        result_seconds=kiosk.result_seconds,
        lease_days=kiosk.lease_days,
        identify=kiosk.identify,
        systems=[
            SystemMessage(id=system.id, name=system.name, token_key=vault.open(system.token_key))
            for system in sorted(systems, key=lambda system: system.id)
        ],
        logo=display_logo(session, own_systems),
        events=[event_message(event) for event in events_of(session, kiosk, now)],
        release=releases.release,
        withdrawn=releases.withdrawn,
    )
    digest = hashlib.blake2b(msgspec.json.encode(config, order="deterministic"), digest_size=8)
    return msgspec.structs.replace(config, version=digest.hexdigest())


def is_confirmed(session: Session, kiosk: Kiosk, reported: str, host: str, now: datetime) -> bool:
    """Tell whether a zuil that reported this version works with everything that is decided for it now.

    So its mode, its event and its settings are confirmed by the zuil itself.
    """
    return reported == compose(session, kiosk, host, now).version


def event_message(event: Event) -> EventMessage:
    """Return an event as zuilen get it, with the limit that holds for it."""
    return EventMessage(
        id=event.id,
        number=event.number,
        titles=event.titles,
        calendar=msgspec.convert(event.calendar, CalendarMessage),
        points=event.points,
        limit=limit_to_message(limit_of(event.limit_volume, event.limit_period, event.calendar_kind)),
    )


def limit_of(volume: int | None, period: str | None, calendar_kind: str) -> Limit | None:
    """Return the check-in limit of an event: its own, else that of its kind of calendar (rules 3.13).

    A volume of 0 is no limit at all.
    """
    if volume is None or period is None:
        return None if volume == 0 else default_checkin_limit(CalendarKind(calendar_kind))
    return Limit(volume, Period(period)) if volume else None


@lru_cache(maxsize=8_192)
def is_soon(calendar: bytes, today: date) -> bool:
    """Tell whether a calendar (the JSON of its message) has a window from yesterday to four weeks on."""
    message = msgspec.json.decode(calendar, type=CalendarMessage)
    return bool(windows(calendar_from_message(message), today - _DAY, today + AHEAD))
