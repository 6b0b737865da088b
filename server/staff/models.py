"""Staff as the database keeps them: people, their functions, and who is logged in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class Staff(SQLModel, table=True):
    """A person who works with the system, known by a personal UiTiD (rules 1.8).

    `uitid` is the subject of the issuer; None until the first login of someone a coordinator
    invited by `email`.
    """

    __tablename__ = "staff"

    id: int | None = Field(default=None, primary_key=True)
    uitid: str | None = Field(default=None, unique=True)
    name: str
    email: str | None = Field(default=None, index=True)


class StaffRole(SQLModel, table=True):
    """A function of a person: `role` is a `roles.Role`; at a counter, in a card system, or (both None) everywhere."""

    __tablename__ = "staff_role"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True)
    role: str
    card_system_id: int | None = Field(default=None, foreign_key="card_system.id")
    counter_id: int | None = Field(default=None, foreign_key="counter.id", index=True)


class StaffSession(SQLModel, table=True):
    """Someone logged in. Only the SHA-256 of the cookie's token is kept; `role_id` is the function chosen now."""

    __tablename__ = "staff_session"

    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    staff_id: int = Field(foreign_key="staff.id", index=True)
    role_id: int | None = Field(default=None, foreign_key="staff_role.id", ondelete="SET NULL")
    expires: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
