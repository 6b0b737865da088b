"""Staff: who may log in, as what, and the sessions they have open (rules 2.6)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class Staff(SQLModel, table=True):
    """A person known by UiTiD (rules 1.8).

    uitid: the subject the identity provider gives; None until the first login of someone who was
    invited by `email`. terms_at: when he accepted the terms of use, once (rules 2.7).
    """

    __tablename__ = "staff"

    id: int | None = Field(default=None, primary_key=True)
    uitid: str | None = Field(default=None, unique=True)
    name: str
    email: str | None = Field(default=None, index=True)
    terms_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class StaffRole(SQLModel, table=True):
    """A function (a `Role`): at a counter, of a card system, or of everything when both are None."""

    __tablename__ = "staff_role"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    role: str
    card_system_id: int | None = Field(default=None, foreign_key="card_system.id", ondelete="CASCADE")
    counter_id: int | None = Field(default=None, foreign_key="counter.id", ondelete="CASCADE")


class StaffSession(SQLModel, table=True):
    """An open session; only the SHA-256 of its token is kept. `role_id` is the function chosen for now."""

    __tablename__ = "staff_session"

    token_hash: bytes = Field(primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    role_id: int | None = Field(default=None, foreign_key="staff_role.id", ondelete="SET NULL")
    expires: datetime = Field(sa_column=Column(UtcDateTime, nullable=False, index=True))
