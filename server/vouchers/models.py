"""Vouchers (rules 6.11)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class VoucherType(SQLModel, table=True):
    """A kind of voucher, with prices of its own. prefix: how its numbers begin, as the KSB wrote it."""

    __tablename__ = "voucher_type"

    id: int | None = Field(default=None, primary_key=True)
    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    name: str
    description: str = ""
    prefix: str = Field(max_length=6)


class VoucherSeries(SQLModel, table=True):
    """Numbers that were made together; `used` of the `count` are used."""

    __tablename__ = "voucher_series"

    id: int | None = Field(default=None, primary_key=True)
    type_id: int = Field(foreign_key="voucher_type.id", index=True, ondelete="CASCADE")
    count: int
    used: int = 0
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Voucher(SQLModel, table=True):
    """A number as `shared.domain.vouchers` keeps it; used once, at a counter, for a card."""

    __tablename__ = "voucher"

    number: str = Field(primary_key=True, max_length=16)
    series_id: int = Field(foreign_key="voucher_series.id", index=True, ondelete="CASCADE")
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    used_counter_id: int | None = Field(default=None, foreign_key="counter.id")
    used_for: str | None = Field(default=None, max_length=13)
