"""Zuilen and their events as the JSON API shows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from pydantic import Field
from sqlmodel import Session, col, select

from server.api.wire import Wire
from server.cardsystems.messages import CardSystemMessage, card_system_message
from server.cardsystems.models import CardSystem
from server.counters.messages import LocationMessage, OrganizerMessage
from server.counters.models import Counter, CounterCardSystem
from server.events.models import Event
from server.kernel.database import vault_of
from server.kiosks.models import Kiosk, KioskCounter
from server.kiosks.setup import number_of
from server.releases.models import KioskTrack
from shared.domain.codes import make_code
from shared.domain.releases import Track


class KioskDevice(Wire):
    """`KioskDevice`. device_id: of a zuil that speaks our own protocol a name of ours, no key to anything."""

    id: str
    name: str
    device_id: str
    organizers: list[OrganizerMessage]
    locations: list[LocationMessage]
    card_system: CardSystemMessage
    release_track: Track


class KioskDeviceSetup(Wire):
    """`KioskDeviceSetup`: a device takes the place of a zuil."""

    name: str
    device_id: str = Field(min_length=16, max_length=200)


class EventOfKiosk(Wire):
    """The event in a `KioskDeviceEvent`."""

    id: str
    title: str


class KioskDeviceEvent(Wire):
    """`KioskDeviceEvent`. checkin_code: for the QR, good for a few minutes."""

    checkin_points: int
    event: EventOfKiosk
    checkin_code: str


class KioskDeviceEventRequest(Wire):
    """`KioskDeviceEventRequest`."""

    id: str


def title_of(event: Event) -> str:
    """Return the Dutch title of an event, else any."""
    return event.titles.get("nl") or next(iter(event.titles.values()), event.id)


def event_message(session: Session, kiosk: Kiosk, event: Event, now: datetime) -> KioskDeviceEvent:
    """Return an event of a zuil with the code that its QR carries at `now`."""
    key = vault_of(session).open(kiosk.code_key)
    return KioskDeviceEvent(
        checkin_points=event.points,
        event=EventOfKiosk(id=event.id, title=title_of(event)),
        checkin_code=make_code(key, number_of(kiosk), event.number, now, kiosk.qr_seconds),
    )


def kiosk_messages(session: Session, kiosks: Sequence[Kiosk]) -> list[KioskDevice]:
    """Return zuilen as they go over the wire; those at no counter of a card system are left out."""
    numbers = [number_of(kiosk) for kiosk in kiosks]
    counters, systems = _counters(session, numbers), _systems(session, numbers)
    tracks = {
        one.kiosk: Track(one.track)
        for one in session.exec(select(KioskTrack).where(col(KioskTrack.kiosk).in_(numbers)))
    }
    return [
        KioskDevice(
            id=str(kiosk.number),
            name=kiosk.name,
            device_id=_device_id(session, kiosk),
            organizers=[
                OrganizerMessage(id=counter.organizer_id, name=counter.name)
                for counter in counters[number_of(kiosk)]
                if counter.organizer_id
            ],
            locations=[
                LocationMessage(id=counter.place_id, name=counter.name)
                for counter in counters[number_of(kiosk)]
                if counter.place_id
            ],
            card_system=card_system_message(systems[number_of(kiosk)]),
            release_track=tracks.get(number_of(kiosk), Track.STABLE),
        )
        for kiosk in kiosks
        if number_of(kiosk) in systems
    ]


def _device_id(session: Session, kiosk: Kiosk) -> str:
    if kiosk.device_id is None:
        return f"zuil-{kiosk.number}"
    return vault_of(session).open(kiosk.device_id).decode()


def _counters(session: Session, numbers: Sequence[int]) -> dict[int, list[Counter]]:
    query = (
        select(KioskCounter.kiosk, Counter)
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(col(KioskCounter.kiosk).in_(numbers))
        .order_by(col(Counter.name))
    )
    found: defaultdict[int, list[Counter]] = defaultdict(list)
    for number, counter in session.exec(query):
        found[number].append(counter)
    return found


def _systems(session: Session, numbers: Sequence[int]) -> dict[int, CardSystem]:
    """Return zuil -> its card system; of several the one with the lowest number."""
    query = (
        select(KioskCounter.kiosk, CardSystem)
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(KioskCounter.counter_id))
        .join(CardSystem, col(CardSystem.id) == col(CounterCardSystem.card_system_id))
        .where(col(KioskCounter.kiosk).in_(numbers))
        .order_by(col(CardSystem.id).desc())
    )
    return dict(session.exec(query).all())
