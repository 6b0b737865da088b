"""Cards (rules 6)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class CardKind(StrEnum):
    """What carries the number (rules 6.6)."""

    CARD = "card"
    STICKER = "sticker"
    KEY = "key"
    DIGITAL = "digital"


class Card(SQLModel, table=True):
    """A carrier of a UiTPAS number. `state` is the name of a `shared.domain.checkin.CardState`."""

    __tablename__ = "card"

    uitpas_number: str = Field(primary_key=True, max_length=13)
    chip_number: str | None = Field(default=None, unique=True, max_length=14)
    card_system_id: int = Field(foreign_key="card_system.id", index=True)
    state: str
    passholder_ref: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("passholder.ref"), index=True)
    )
    group_pass: bool = False
    kind: str = CardKind.CARD


class CardOrder(SQLModel, table=True):
    """Numbers that were generated together for the supplier to print: consecutive serials of one prefix."""

    __tablename__ = "card_order"

    id: int | None = Field(default=None, primary_key=True)
    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    prefix: str = Field(max_length=5)
    first_serial: int
    count: int
    social_tariff: bool
    kind: str = CardKind.CARD
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
