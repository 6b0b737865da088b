"""Check-ins, the points ledger and what the server knows of each zuil's journal.

Instants are whole milliseconds since 1970 UTC: these tables are written by the hundred.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Column, Index, literal, null, select, text, union_all
from sqlmodel import Field, SQLModel, col

from server.kernel.types import BigKey, UuidText

CHECKIN: Final = "checkin"
"""Why the ledger has a line: someone took part."""


class Source(StrEnum):
    """Where a check-in was made."""

    KIOSK = "kiosk"
    QR = "qr"
    COUNTER = "counter"


class Verdict(StrEnum):
    """What the server made of it: a point, or a fact without a point."""

    GRANTED = "granted"
    NOTED = "noted"


class GapKind(StrEnum):
    """What is wrong with a zuil's journal: rows that did not come, or rows that do not fit the chain."""

    GAP = "gap"
    CHAIN = "chain"


class GapState(StrEnum):
    """Open: may still come. Filled: came later. Lost: the zuil no longer has it."""

    OPEN = "open"
    FILLED = "filled"
    LOST = "lost"


class Checkin(SQLModel, table=True):
    """One fact at a door, kept once for ever.

    id: minted where it happened. at: the effective instant; wall: what the clock there said.
    outcome: the server's; shown: the zuil's. They differ when two zuilen were offline with one card.
    chip_number: of a card nobody knows yet, until it is judged.
    """

    __tablename__ = "checkin"
    __table_args__ = (
        Index("ix_checkin_passholder_event", "passholder_ref", "event_id", "at"),
        Index("ix_checkin_change", "change_id"),
        Index("ix_checkin_kiosk", "kiosk", "seq"),
        Index(
            "ix_checkin_waiting",
            "chip_number",
            sqlite_where=text("chip_number IS NOT NULL"),
            postgresql_where=text("chip_number IS NOT NULL"),
        ),
    )

    id: str = Field(sa_column=Column(UuidText, primary_key=True))
    source: str
    kiosk: int | None = None
    seq: int | None = Field(default=None, sa_column=Column(BigInteger))
    passholder_ref: int | None = Field(default=None, sa_column=Column(BigInteger))
    event_id: str | None = None
    uitpas_number: str | None = None
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    wall: int = Field(sa_column=Column(BigInteger, nullable=False))
    received: int = Field(sa_column=Column(BigInteger, nullable=False))
    outcome: str
    shown: str
    verdict: str
    points: int = 0
    social_tariff: bool = False
    counter_id: int | None = None
    chip_number: str | None = None
    change_id: int | None = Field(default=None, sa_column=Column(BigInteger))


class PointsEntry(SQLModel, table=True):
    """Points given or taken otherwise than by a check-in, which is itself a line of the `LEDGER`."""

    __tablename__ = "points_entry"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    # No foreign key: the holder's row is locked when a line is written, and a check per line costs as much
    # as the line.
    passholder_ref: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    points: int
    reason: str


LEDGER: Final = union_all(
    select(
        col(Checkin.passholder_ref),
        col(Checkin.at),
        col(Checkin.points),
        literal(CHECKIN).label("reason"),
        col(Checkin.id).label("checkin_id"),
        col(Checkin.event_id),
        null().label("entry_id"),
    ).where(col(Checkin.verdict) == Verdict.GRANTED),
    select(
        col(PointsEntry.passholder_ref),
        col(PointsEntry.at),
        col(PointsEntry.points),
        col(PointsEntry.reason),
        null(),
        null(),
        col(PointsEntry.id),
    ),
).subquery("ledger")
"""Every line of points, one for each granted check-in: `passholder.points` is the sum of these."""


class KioskJournal(SQLModel, table=True):
    """How far a zuil's journal is at the server.

    top_seq, chain: the highest sequence number that came, and its chain value (hexadecimal).
    through: everything up to here came, or is lost for good. received: when the last upload came.
    """

    __tablename__ = "kiosk_journal"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    top_seq: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    through: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    chain: str = ""
    received: int | None = Field(default=None, sa_column=Column(BigInteger))


class KioskGap(SQLModel, table=True):
    """Sequence numbers `first` to `last` that are missing, or whose chain broke at `first`."""

    __tablename__ = "kiosk_gap"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    kiosk: int = Field(foreign_key="kiosk.number", index=True, ondelete="CASCADE")
    kind: str
    state: str = GapState.OPEN
    first: int = Field(sa_column=Column(BigInteger, nullable=False))
    last: int = Field(sa_column=Column(BigInteger, nullable=False))
    noticed: int = Field(sa_column=Column(BigInteger, nullable=False))


class RefusedTap(SQLModel, table=True):
    """A row of a journal that cannot be used, kept as it came. `digest` is the SHA-256 of `payload`."""

    __tablename__ = "refused_tap"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    digest: bytes = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    payload: bytes
    reason: str
    received: int = Field(sa_column=Column(BigInteger, nullable=False))
