"""Pashouders and their memberships (rules 4, 5)."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel

from server.kernel.types import BigKey


class MembershipStatus(StrEnum):
    """The state of a membership (rules 4.2)."""

    ACTIVE = "active"
    BLOCKED = "blocked"
    DELETED = "deleted"


class Passholder(SQLModel, table=True):
    """A person with a UiTPAS. `points` is the running sum of the ledger, never set by hand."""

    __tablename__ = "passholder"

    ref: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    first_name: str
    last_name: str
    birth_date: date
    postcode: str = ""
    points: int = 0
    language: str = "nl"


class Membership(SQLModel, table=True):
    """A pashouder in a card system; expired after `social_tariff_end` plus `grace_days` (rules 5.4, 5.5)."""

    __tablename__ = "membership"

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    status: str = MembershipStatus.ACTIVE
    social_tariff: bool = False
    social_tariff_end: date | None = None
    grace_days: int = 0
