"""Lists of people that are being taken in, or were (rules 14.9, 14.10)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from server.kernel.claiming import Claimable
from server.kernel.types import UtcDateTime


class BulkList(Claimable, table=True):
    """A list that the KSB sent in for one of his counters; `kind` is a `ListKind`, `state` a `ListState`.

    parts: how many pieces it is kept in. next_part: the first that was not looked at, or not carried out.
    rows: those with text. began, began_part: when and where it was taken up, to say how long it takes.
    """

    __tablename__ = "bulk_list"

    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    counter_id: int = Field(foreign_key="counter.id", ondelete="CASCADE")
    staff_id: int | None = None
    kind: str
    name: str
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    parts: int = 0
    next_part: int = 0
    began: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    began_part: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    rows: int = 0
    good: int = 0
    bad: int = 0
    done: int = 0
    refused: int = 0


class BulkPart(SQLModel, table=True):
    """A piece of a list as it came, compressed and sealed: it holds national numbers (rules 4.3).

    It is gone as soon as the list is carried out.
    """

    __tablename__ = "bulk_part"

    list_id: int = Field(primary_key=True, foreign_key="bulk_list.id", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    sealed: bytes


class BulkRow(SQLModel, table=True):
    """What will become of a row, or became of it; `state` is a `RowState`.

    faults: field -> a `Fault` of registration or a `RowFault`. insz_digest: to see the same person twice.
    until: the last day of a kansenstatuut. municipality: where he goes to live, or lives. Who is deleted
    is gone from here too.
    """

    __tablename__ = "bulk_row"
    __table_args__ = (
        Index("ix_bulk_row_state", "list_id", "state", "line"),
        Index("ix_bulk_row_card", "list_id", "card"),
        Index("ix_bulk_row_insz_digest", "list_id", "insz_digest"),
    )

    list_id: int = Field(primary_key=True, foreign_key="bulk_list.id", ondelete="CASCADE")
    line: int = Field(primary_key=True)
    state: str
    name: str = ""
    card: str = ""
    insz_digest: bytes | None = None
    until: date | None = None
    municipality: str = ""
    faults: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    passholder_ref: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"))
    )
