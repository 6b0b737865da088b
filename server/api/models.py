"""Who may call the JSON API, and what each may do for whom."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class ApiClient(SQLModel, table=True):
    """A program of a partner, known by its client id.

    card_system_id: of the KSB who looks after it; None: administrators do.
    secret_hash: SHA-256 of the secret it gets tokens with here; None: it gets them at the issuer of UiTiD.
    former_hash: of the secret before, good until former_until, so that a partner can change over.
    """

    __tablename__ = "api_client"

    id: str = Field(primary_key=True)
    name: str
    card_system_id: int | None = Field(
        default=None, foreign_key="card_system.id", index=True, ondelete="SET NULL"
    )
    secret_hash: bytes | None = None
    former_hash: bytes | None = None
    former_until: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    token_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    revoked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class ApiGrant(SQLModel, table=True):
    """A permission of a client for an organiser (its id in UiTdatabank).

    card_system_id: in that one only; None: in every card system of the organiser's counters.
    """

    __tablename__ = "api_grant"

    id: int | None = Field(default=None, primary_key=True)
    client_id: str = Field(foreign_key="api_client.id", index=True, ondelete="CASCADE")
    organizer_id: str
    permission: str
    card_system_id: int | None = Field(default=None, foreign_key="card_system.id", ondelete="CASCADE")
