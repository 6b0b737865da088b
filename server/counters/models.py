"""Counters (rules 2.1-2.3)."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class Counter(SQLModel, table=True):
    """An organiser and/or a place in UiTdatabank where staff works. street, postcode, city: where it is."""

    __tablename__ = "counter"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    organizer_id: str | None = Field(default=None, index=True)
    place_id: str | None = Field(default=None, index=True)
    street: str = Field(default="", sa_column_kwargs={"server_default": ""})
    postcode: str = Field(default="", sa_column_kwargs={"server_default": ""})
    city: str = Field(default="", sa_column_kwargs={"server_default": ""})


class CounterLink(SQLModel, table=True):
    """A counter that belongs to another, `parent_id`: what a partner may there, it may here (rules 2.11)."""

    __tablename__ = "counter_link"

    counter_id: int = Field(primary_key=True, foreign_key="counter.id", ondelete="CASCADE")
    parent_id: int = Field(foreign_key="counter.id", index=True, ondelete="CASCADE")


class CounterCardSystem(SQLModel, table=True):
    """A counter belongs to one or more card systems."""

    __tablename__ = "counter_card_system"

    counter_id: int = Field(primary_key=True, foreign_key="counter.id", ondelete="CASCADE")
    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")


class CounterGroup(SQLModel, table=True):
    """A counter is in one or more permission groups of each of its card systems."""

    __tablename__ = "counter_permission_group"

    counter_id: int = Field(primary_key=True, foreign_key="counter.id", ondelete="CASCADE")
    group_id: int = Field(primary_key=True, foreign_key="permission_group.id", index=True, ondelete="CASCADE")
