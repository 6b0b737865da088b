"""Organisers and places as the JSON API shows them: what a counter is in UiTdatabank."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session, col, select

from server.api.wire import Wire
from server.counters.models import Counter


class OrganizerMessage(Wire):
    """`Organizer` of the JSON API; in a request only the id counts."""

    id: str
    name: str | None = None
    linked_location_id: str | None = None


class LocationMessage(Wire):
    """`Location` of the JSON API."""

    id: str
    name: str


def organizer_message(counter: Counter) -> OrganizerMessage:
    """Return the organiser that a counter is."""
    return OrganizerMessage(
        id=counter.organizer_id or "", name=counter.name, linked_location_id=counter.place_id
    )


def organizers_by_id(session: Session, ids: Iterable[str]) -> dict[str, OrganizerMessage]:
    """Return id -> organiser; one without a counter here has an id only."""
    wanted = set(ids)
    counters = session.exec(
        select(Counter).where(col(Counter.organizer_id).in_(wanted)).order_by(col(Counter.id).desc())
    )
    known = {str(counter.organizer_id): organizer_message(counter) for counter in counters}
    return {id_: known.get(id_) or OrganizerMessage(id=id_) for id_ in wanted}
