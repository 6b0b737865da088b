"""Organisers and places as the JSON API shows them: what a counter is in UiTdatabank."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from server.api.wire import Wire
from server.cardsystems.messages import CardSystemMessage
from server.counters.models import Counter


class OrganizerAddress(Wire):
    """The address of an `Organizer`."""

    street: str | None = None
    postal_code: str | None = None
    city: str


class OrganizerMessage(Wire):
    """`Organizer` of the JSON API; in a request only the id counts."""

    id: str
    name: str | None = None
    card_systems: list[CardSystemMessage] | None = None
    linked_location_id: str | None = None
    address: OrganizerAddress | None = None


class LocationMessage(Wire):
    """`Location` of the JSON API."""

    id: str
    name: str


def organizer_message(counter: Counter) -> OrganizerMessage:
    """Return the organiser that a counter is."""
    address = OrganizerAddress(
        street=counter.street or None, postal_code=counter.postcode or None, city=counter.city
    )
    return OrganizerMessage(
        id=counter.organizer_id or "",
        name=counter.name,
        linked_location_id=counter.place_id,
        address=address if counter.city else None,
    )


def organizers_by_id(session: Session, ids: Iterable[str]) -> dict[str, OrganizerMessage]:
    """Return id -> organiser; one without a counter here has an id only."""
    wanted = set(ids)
    counters = session.exec(
        select(Counter).where(col(Counter.organizer_id).in_(wanted)).order_by(col(Counter.id).desc())
    )
    known = {str(counter.organizer_id): organizer_message(counter) for counter in counters}
    return {id_: known.get(id_) or OrganizerMessage(id=id_) for id_ in wanted}
