"""Posters."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class Poster(SQLModel, table=True):
    """The printed code of an event. Another edition has another key: older prints are no good any more.

    code_key: 32 bytes, sealed by the vault.
    """

    __tablename__ = "poster"

    event_id: str = Field(primary_key=True, foreign_key="event.id", ondelete="CASCADE")
    edition: int = 1
    code_key: bytes
