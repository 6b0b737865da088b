"""Events (rules 3)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class Event(SQLModel, table=True):
    """A UiTdatabank event with UiTPAS.

    id: its cdbid. number: short and ours, for QR codes.
    titles: by language. calendar: the JSON of `shared.wire.messages.CalendarMessage`.
    last_day: `shared.domain.windows.last_day` of it, so that what is over is not read for ever.
    limit_volume, limit_period: the check-in limit; None for the default of its calendar (rules 3.13),
    a volume of 0 for no limit.
    status: a `server.events.udb3.EventStatus`; only an available one is offered.
    content_hash: of the document it came from, so that an unchanged one is not written again.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_organizer", "organizer_id", "last_day"),
        Index("ix_event_place", "place_id", "last_day"),
    )

    id: str = Field(primary_key=True)
    number: int = Field(unique=True)
    titles: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    organizer_id: str | None = None
    organizer_name: str = ""
    place_id: str | None = None
    place_name: str = ""
    calendar: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    calendar_kind: str
    last_day: date = date.max
    price_cents: int | None = None
    labels: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    points: int = 1
    limit_volume: int | None = None
    limit_period: str | None = None
    source: str = ""
    content_hash: str = ""
    imported_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    status: str = "available"


class EventCardSystem(SQLModel, table=True):
    """The card systems an event belongs to."""

    __tablename__ = "event_card_system"

    event_id: str = Field(primary_key=True, foreign_key="event.id", ondelete="CASCADE")
    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")


class PlaceLocation(SQLModel, table=True):
    """Where a place of UiTdatabank is, in degrees, as the last document that told it said."""

    __tablename__ = "place_location"

    place_id: str = Field(primary_key=True)
    latitude: float
    longitude: float


class EventSourcePage(SQLModel, table=True):
    """A page of a search API as last imported, so that an unchanged one is asked for conditionally.

    fingerprint: of what decides how a document is read here (labels, counters); another one means reading
    the page again. members, total: documents on the page and in the whole result.
    """

    __tablename__ = "event_source_page"

    url: str = Field(primary_key=True)
    etag: str
    fingerprint: str
    members: int
    total: int = Field(sa_column=Column(BigInteger, nullable=False))
