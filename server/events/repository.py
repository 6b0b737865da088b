"""The rows of events as the import reads and writes them, a hundred at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, or_, select, text, update
from sqlmodel import Session, col

from server.counters.models import Counter
from server.events.models import Event, EventCardSystem, EventSourcePage, PlaceLocation
from server.events.sources import SeenPage
from server.kernel.database import database_of
from server.kiosks.models import Kiosk, KioskCounter

_MOST_AT_ONCE: Final = 1_000
_NUMBERING_LOCK: Final = 0x6576656E74  # "event"


def known_hashes(session: Session, ids: Sequence[str]) -> dict[str, str]:
    """Return event id -> content hash of the events that are there."""
    found = session.execute(select(col(Event.id), col(Event.content_hash)).where(col(Event.id).in_(ids)))
    return {row.id: row.content_hash for row in found}


def write_events(
    session: Session,
    rows: Sequence[Mapping[str, Any]],
    systems: Mapping[str, Iterable[int]],
    *,
    source: str,
    now: datetime,
) -> set[int]:
    """Insert or update events; return the numbers of the zuilen that had them or get them.

    rows: the columns a document decides, distinct ids. A new event gets the next number; a known one
    keeps its number, points and limit.
    """
    # One import at a time numbers events; on SQLite the write lock sees to that.
    if database_of(session).is_postgresql:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _NUMBERING_LOCK})
    ids = [row["id"] for row in rows]
    concerned = _kiosks_of(session, ids, rows)
    stamped = [dict(row, source=source, imported_at=now) for row in rows]
    known = known_hashes(session, ids)
    _update(session, [row for row in stamped if row["id"] in known])
    _insert(session, [row for row in stamped if row["id"] not in known])
    session.execute(delete(EventCardSystem).where(col(EventCardSystem.event_id).in_(ids)))
    pairs = [{"event_id": event, "card_system_id": system} for event in ids for system in systems[event]]
    if pairs:
        session.execute(insert(EventCardSystem), pairs)
    return concerned


def missing_locations(
    session: Session, told: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return place id -> position of the places of which that is not what is known."""
    found = session.execute(
        select(col(PlaceLocation.place_id), col(PlaceLocation.latitude), col(PlaceLocation.longitude)).where(
            col(PlaceLocation.place_id).in_(told)
        )
    )
    known = {place: (latitude, longitude) for place, latitude, longitude in found}
    return {place: position for place, position in told.items() if known.get(place) != position}


def write_locations(session: Session, places: Mapping[str, tuple[float, float]]) -> None:
    """Keep where places are."""
    for place, (latitude, longitude) in places.items():
        session.merge(PlaceLocation(place_id=place, latitude=latitude, longitude=longitude))


def kiosks_of_events(session: Session, ids: Sequence[str]) -> set[int]:
    """Return the zuilen whose counter organises or hosts an event, or has set it by hand."""
    found: set[int] = set()
    for start in range(0, len(ids), _MOST_AT_ONCE):
        found |= _kiosks_of(session, ids[start : start + _MOST_AT_ONCE], ())
    return found


def _kiosks_of(session: Session, ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> set[int]:
    """Return the zuilen whose counter organises or hosts an event, before or after, or has set it by hand."""
    before = session.execute(
        select(col(Event.organizer_id), col(Event.place_id)).where(col(Event.id).in_(ids))
    ).all()
    pairs = [*before, *((row["organizer_id"], row["place_id"]) for row in rows)]
    organizers = {organizer for organizer, _ in pairs if organizer is not None}
    places = {place for _, place in pairs if place is not None}
    at_counters = (
        select(col(KioskCounter.kiosk))
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(or_(col(Counter.organizer_id).in_(organizers), col(Counter.place_id).in_(places)))
    )
    by_hand = select(col(Kiosk.number)).where(col(Kiosk.manual_event_id).in_(ids))
    return set(session.scalars(at_counters.union(by_hand)))


def _update(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in rows[0] if name != "id"}
    statement = update(Event.__table__).where(col(Event.id) == bindparam("new_id")).values(columns)  # type: ignore[attr-defined]
    session.connection().execute(statement, [{f"new_{name}": row[name] for name in row} for row in rows])


def _insert(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    highest = session.scalar(select(func.max(col(Event.number)))) or 0
    numbered = [dict(row, number=highest + place, points=1) for place, row in enumerate(rows, start=1)]
    session.execute(insert(Event), numbered)


def recall_pages(session: Session, fingerprint: str) -> dict[str, SeenPage]:
    """Return url -> what is known of every page that was read under this fingerprint."""
    pages = session.scalars(select(EventSourcePage).where(col(EventSourcePage.fingerprint) == fingerprint))
    return {page.url: SeenPage(page.etag, page.members, page.total) for page in pages}


def remember_pages(session: Session, fingerprint: str, pages: Mapping[str, SeenPage | None]) -> None:
    """Replace what is known of these pages; None forgets one."""
    session.execute(delete(EventSourcePage).where(col(EventSourcePage.url).in_(pages)))
    for url, page in pages.items():
        if page is not None:
            session.add(
                EventSourcePage(
                    url=url, etag=page.etag, fingerprint=fingerprint, members=page.members, total=page.total
                )
            )
