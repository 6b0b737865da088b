"""Group passes and the tickets they used (rules 12.6)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from server.kernel.ids import new_id
from server.kernel.types import BigKey, UtcDateTime, UuidText


class GroupPass(SQLModel, table=True):
    """A pass of a group, with one card. tickets_per_year: None without kansentarief (rules 12.8).

    tariff_end: the last day of the kansentarief; None: without end.
    """

    __tablename__ = "group_pass"
    __table_args__ = (Index("ix_group_pass_name", "card_system_id", "name"),)

    id: str = Field(default_factory=new_id, sa_column=Column(UuidText, primary_key=True))
    uitpas_number: str = Field(foreign_key="card.uitpas_number", unique=True, max_length=13)
    card_system_id: int = Field(foreign_key="card_system.id")
    name: str
    postcode: str = ""
    city: str = ""
    street: str = ""
    email: str = ""
    telephone: str = ""
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    tickets_per_year: int | None = None
    tariff_end: date | None = None


class GroupPassYear(SQLModel, table=True):
    """The tickets of a group pass in a calendar year; never more than it may have."""

    __tablename__ = "group_pass_year"

    pass_id: str = Field(
        sa_column=Column(UuidText, ForeignKey("group_pass.id", ondelete="CASCADE"), primary_key=True)
    )
    year: int = Field(primary_key=True)
    used: int


class GroupPassUse(SQLModel, table=True):
    """Tickets that a group got at once; `cancelled_at` when they were given back."""

    __tablename__ = "group_pass_use"
    __table_args__ = (Index("ix_group_pass_use_pass_id", "pass_id", "id"),)

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    pass_id: str = Field(
        sa_column=Column(UuidText, ForeignKey("group_pass.id", ondelete="CASCADE"), nullable=False)
    )
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    tickets: int
    counter_id: int | None = Field(default=None, foreign_key="counter.id")
    staff_id: int | None = None
    cancelled_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
