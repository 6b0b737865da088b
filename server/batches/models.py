"""Deeds for many zuilen, and what each of them did with it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel

from server.kernel.types import BigKey, UuidText


class KioskBatch(SQLModel, table=True):
    """One deed for many zuilen, kept a month. at: ms UTC. deed: a `server.batches.deeds.Deed`.

    event_id: the one that was chosen; it may be gone since.
    """

    __tablename__ = "kiosk_batch"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    staff_id: int
    deed: str
    event_id: str | None = None


class KioskBatchMember(SQLModel, table=True):
    """One zuil in it. became: a `server.batches.deeds.Became`.

    command_id: what was ordered. config: the version of its configuration that the zuil spoke of before;
    another one afterwards proves that it follows.
    """

    __tablename__ = "kiosk_batch_member"

    batch_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("kiosk_batch.id", ondelete="CASCADE"), primary_key=True)
    )
    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    became: str
    command_id: str | None = Field(default=None, sa_column=Column(UuidText))
    config: str = ""
