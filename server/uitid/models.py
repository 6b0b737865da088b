"""Which UiTiD is whose, and who is to be told how to link one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime


class UitidLink(SQLModel, table=True):
    """One UiTiD and one pashouder belong together (rules 14.1).

    uitid, uitid_v1: the subject in tokens of the issuer, and the one in its older ones. email: of the
    UiTiD in small letters, as far as it was said.
    """

    __tablename__ = "uitid_link"

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    uitid: str = Field(unique=True)
    uitid_v1: str | None = Field(default=None, unique=True)
    email: str | None = Field(default=None, index=True)
    made_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class Invitation(SQLModel, table=True):
    """A pashouder is to get a mail about his UiTPAS and his UiTiD, or got some (rules 14.3, 14.4).

    card_system_id: the one he joined. is_due: a mail is still to be written, wanted at `wanted_at`.
    mails: how many there were.
    """

    __tablename__ = "uitid_invitation"
    __table_args__ = (
        Index(
            "ix_uitid_invitation_due",
            "wanted_at",
            sqlite_where=text("is_due"),
            postgresql_where=text("is_due"),
        ),
    )

    passholder_ref: int = Field(
        sa_column=Column(BigInteger, ForeignKey("passholder.ref", ondelete="CASCADE"), primary_key=True)
    )
    card_system_id: int = Field(foreign_key="card_system.id", ondelete="CASCADE")
    is_due: bool = Field(default=True, sa_column=Column(Boolean, nullable=False))
    wanted_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    mails: int = 0
