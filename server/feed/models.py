"""The change feed: an outbox that writers append to, and what zuilen read of it."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import JSON, BigInteger, Column, Index, text
from sqlmodel import Field, SQLModel

from server.kernel.types import BigKey


class ChangeKind(StrEnum):
    """What a change is about; its keys say which.

    CARDS: UiTPAS numbers whose card, holder or membership changed. CHECKINS: passholder references
    whose points changed. CONFIG: numbers of zuilen whose configuration changed; empty: all. COMMANDS:
    numbers of zuilen that are told to do something.
    """

    CARDS = "cards"
    CHECKINS = "checkins"
    CONFIG = "config"
    COMMANDS = "commands"


class Change(SQLModel, table=True):
    """Something changed. The publisher gives it a position after it is committed."""

    __tablename__ = "change"
    __table_args__ = (
        Index("ix_change_position", "position"),
        Index(
            "ix_change_unpublished",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    kind: str
    keys: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    position: int | None = Field(default=None, sa_column=Column(BigInteger))


class CardFeed(SQLModel, table=True):
    """One card as the zuilen of a card system have it (`shared.wire.cards.CardRow`).

    row_hash: signed 64 bits. position: of the last change of this row. key_number: of the token key that
    made its token; zuilen get the rows under the key in use.
    """

    __tablename__ = "card_feed"
    __table_args__ = (Index("ix_card_feed_position", "card_system_id", "position"),)

    card_system_id: int = Field(primary_key=True)
    token: int = Field(sa_column=Column(BigInteger, primary_key=True))
    uitpas_number: str = Field(index=True)
    passholder_ref: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    state: int
    active_until: int
    points: int
    row_hash: int = Field(sa_column=Column(BigInteger, nullable=False))
    key_number: int = 1
    position: int = Field(sa_column=Column(BigInteger, nullable=False))


class FeedHead(SQLModel, table=True):
    """The checksum (signed 64 bits) and number of the rows of one card system under one token key.

    since: the position at which the key came into use. A zuil with an earlier cursor needs a snapshot.
    """

    __tablename__ = "feed_head"

    card_system_id: int = Field(primary_key=True)
    key_number: int = Field(default=1, primary_key=True)
    checksum: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    cards: int = 0
    since: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))


class FeedEpoch(SQLModel, table=True):
    """One row: the name of the feed's present life and its highest position.

    rest_until: in a flood of check-ins, when their balances are published again (milliseconds UTC).
    A new epoch (`zuil-server feed new-epoch`, after a restored backup) makes every zuil fetch a snapshot.
    """

    __tablename__ = "feed_epoch"

    id: int = Field(default=1, primary_key=True)
    epoch: str
    position: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
    rest_until: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
