"""Who is in whose family."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class FamilyMember(SQLModel, table=True):
    """Somebody in the family of `main_ref`; the other way round says nothing (rules 4.18).

    icon: an address of a picture, whatever the app of the pashouder chose.
    """

    __tablename__ = "family_member"

    main_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    member_ref: int = Field(
        sa_column=Column(
            BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True, index=True
        )
    )
    icon: str = ""
    added_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
