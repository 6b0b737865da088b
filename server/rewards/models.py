"""Rewards, who was given them and who took them (rules 9)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index
from sqlmodel import Field, SQLModel

from server.kernel.types import BigKey, UtcDateTime


class Reward(SQLModel, table=True):
    """Something to get; a welcome reward, given to who joins while it is being granted (rules 9.1, 9.3).

    card_system_id: whose it is. pictures: addresses elsewhere. cities: municipalities; none: all of its card
    systems'. units: for the first so many; None: for everyone. units_taken: how many were given, never set
    by hand (rules 9.4). Of a period without begin or end those are None. ended_at: there is none any more.
    """

    __tablename__ = "reward"

    id: int | None = Field(default=None, primary_key=True)
    card_system_id: int = Field(foreign_key="card_system.id", index=True, ondelete="CASCADE")
    title: str
    description: str
    practical_info: str = ""
    more_info_url: str = ""
    pictures: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    cities: list[str] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    units: int | None = None
    units_taken: int = 0
    granting_begin: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    granting_end: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    redeem_begin: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    redeem_end: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    publication_begin: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    publication_end: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class RewardSystem(SQLModel, table=True):
    """A card system whose members can have a reward; a reward without any is for all card systems."""

    __tablename__ = "reward_system"

    reward_id: int = Field(primary_key=True, foreign_key="reward.id", ondelete="CASCADE")
    card_system_id: int = Field(
        primary_key=True, foreign_key="card_system.id", index=True, ondelete="CASCADE"
    )


class RewardCounter(SQLModel, table=True):
    """A counter that hands a reward out; a reward without any is handed out at every counter."""

    __tablename__ = "reward_counter"

    reward_id: int = Field(primary_key=True, foreign_key="reward.id", ondelete="CASCADE")
    counter_id: int = Field(primary_key=True, foreign_key="counter.id", index=True, ondelete="CASCADE")


class RewardGrant(SQLModel, table=True):
    """A welcome reward that somebody was given when he joined; once, whatever he joins later."""

    __tablename__ = "reward_grant"

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    reward_id: int = Field(primary_key=True, foreign_key="reward.id", index=True, ondelete="CASCADE")
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class RewardRedemption(SQLModel, table=True):
    """A reward that was handed to somebody, where and by whom; gone when it was taken back."""

    __tablename__ = "reward_redemption"
    __table_args__ = (
        Index("ix_reward_redemption_passholder_ref", "passholder_ref", "reward_id"),
        Index("ix_reward_redemption_reward_id", "reward_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    reward_id: int = Field(foreign_key="reward.id", ondelete="CASCADE")
    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), nullable=False)
    )
    at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    counter_id: int | None = Field(default=None, foreign_key="counter.id", ondelete="SET NULL")
    staff_id: int | None = None


class RewardRules(SQLModel, table=True):
    """The switches of a card system (rules 9.11); without a row both are on.

    grants_welcome: who joins is given welcome rewards. hands_out: its members get rewards handed out.
    """

    __tablename__ = "reward_rules"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    grants_welcome: bool = True
    hands_out: bool = True
