"""Cards (rules 6)."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel


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
