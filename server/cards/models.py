"""Cards (rules 6)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from server.kernel.claiming import Claimable
from server.kernel.types import BigKey, UtcDateTime
from shared.domain.checkin import CardState


class CardKind(StrEnum):
    """What carries the number (rules 6.6)."""

    CARD = "card"
    STICKER = "sticker"
    KEY = "key"
    DIGITAL = "digital"


class Card(SQLModel, table=True):
    """A carrier of a UiTPAS number. `state` is the name of a `shared.domain.checkin.CardState`.

    counter_id: the counter it was sent to, and where it was given out. package_id: what it was delivered in.
    """

    __tablename__ = "card"
    __table_args__ = (
        Index(
            "ix_card_counter_id",
            "counter_id",
            "state",
            sqlite_where=text("counter_id IS NOT NULL"),
            postgresql_where=text("counter_id IS NOT NULL"),
        ),
    )

    uitpas_number: str = Field(primary_key=True, max_length=13)
    chip_number: str | None = Field(default=None, unique=True, max_length=14)
    card_system_id: int = Field(foreign_key="card_system.id", index=True)
    state: str
    passholder_ref: int | None = Field(
        default=None, sa_column=Column(BigInteger, ForeignKey("passholder.ref"), index=True)
    )
    group_pass: bool = False
    kind: str = CardKind.CARD
    package_id: int | None = Field(default=None, foreign_key="card_package.id", index=True)
    counter_id: int | None = Field(default=None, foreign_key="counter.id")


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


class CardPackage(SQLModel, table=True):
    """Cards that travel together, at most `shared.domain.packages.PACKAGE_SIZE` (rules 6.9c).

    first: the eleven digits before the kansen digit of the first number there can be in it.
    state: STOCK, SENT_TO_BALIE or LOCAL_STOCK, of the cards in it that nobody has yet. counter_id: where
    it is, or is on its way to. moved_at: since when.
    """

    __tablename__ = "card_package"
    __table_args__ = (
        UniqueConstraint("card_system_id", "social_tariff", "first"),
        Index("ix_card_package_state", "card_system_id", "state", "id"),
        Index("ix_card_package_counter_id", "counter_id", "state"),
    )

    id: int | None = Field(default=None, primary_key=True)
    card_system_id: int = Field(foreign_key="card_system.id", ondelete="CASCADE")
    social_tariff: bool
    first: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = CardState.STOCK.name
    counter_id: int | None = Field(default=None, foreign_key="counter.id")
    moved_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class CardCount(SQLModel, table=True):
    """How many cards came (or, negative, went): the sum of the rows is how many there are.

    Triggers on `card` write it, whoever changes a card; nobody waits for another, because rows are only
    added. `server.cards.counts` adds them up.
    """

    __tablename__ = "card_count"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    card_system_id: int
    counter_id: int | None = None
    state: str
    social_tariff: bool
    cards: int


class StockLevel(SQLModel, table=True):
    """When the KSB hears that a counter runs out of cards (rules 6.9g).

    At `low` cards or fewer comes the first mail, at `lowest` or fewer the second. told: how many of
    them went out since there was enough.
    """

    __tablename__ = "stock_level"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    counter_id: int = Field(primary_key=True, foreign_key="counter.id", ondelete="CASCADE")
    social_tariff: bool = Field(primary_key=True)
    low: int
    lowest: int
    told: int = 0


class CardIntake(Claimable, table=True):
    """A supplier's list that is being taken in, or was.

    content: the file, compressed; what became of each line follows from it and from `CardIntakeLine`.
    state: an `IntakeState`. read: lines looked at, of `lines`.
    """

    __tablename__ = "card_intake"

    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    staff_id: int | None = None
    name: str
    content: bytes
    only_good: bool
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    lines: int = 0
    read: int = 0
    created: int = 0
    completed: int = 0
    known: int = 0
    bad: int = 0


class CardIntakeLine(SQLModel, table=True):
    """A line of a list that was not used; `fault` is a `server.cards.supplier.Fault`."""

    __tablename__ = "card_intake_line"

    intake_id: int = Field(primary_key=True, foreign_key="card_intake.id", ondelete="CASCADE")
    line: int = Field(primary_key=True)
    fault: str
    text: str
