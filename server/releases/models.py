"""Releases, roll-outs, and how far each zuil is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime
from shared.domain.releases import Track
from shared.domain.rollouts import WHOLE, RolloutState


class Release(SQLModel, table=True):
    """A bundle that was signed with a key that this installation trusts.

    sha256: of the whole file. size: of the file; unpacked: of what it holds; bytes. key: who signed it.
    asks: machine, python, minimum and formats, as its manifest says.
    """

    __tablename__ = "release"

    id: int | None = Field(default=None, primary_key=True)
    version: str = Field(unique=True)
    sha256: str
    size: int
    unpacked: int
    key: str
    notes: str = ""
    asks: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    added_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    added_by: int | None = None


class ReleasePart(SQLModel, table=True):
    """A piece of a bundle: several machines may share one database, and each gives the file to zuilen."""

    __tablename__ = "release_part"

    release_id: int = Field(
        sa_column=Column(Integer, ForeignKey("release.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(primary_key=True)
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Rollout(SQLModel, table=True):
    """A release on its way to the zuilen of a track.

    systems: ids of the card systems it is for, none for all. tries: how often it was begun; a zuil that
    failed tries once more each time. since: when its present stage began, ms UTC. reason: why it halted.
    """

    __tablename__ = "rollout"

    id: int | None = Field(default=None, primary_key=True)
    release_id: int = Field(foreign_key="release.id", index=True, ondelete="CASCADE")
    track: str = Track.STABLE
    percent: int = WHOLE
    systems: list[int] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    state: str = Field(default=RolloutState.RUNNING, index=True)
    tries: int = 1
    reason: str = ""
    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    started_at: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    started_by: int | None = None

    @property
    def offer(self) -> str:
        """Return the id of the offer that zuilen report on; one that a restored backup forgot had another."""
        return f"{self.id}.{self.tries}.{int(self.started_at.timestamp()):x}"


class KioskTrack(SQLModel, table=True):
    """Which releases a zuil takes part in; one without a row is on stable."""

    __tablename__ = "kiosk_track"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    track: str = Track.STABLE


class KioskRelease(SQLModel, table=True):
    """How far a zuil came with an offer, as it last said (`shared.wire.messages.ReleaseReport`).

    began: when it switched; at: when it last said something new; ms UTC. said: what its sentence means
    (`server.web.sayings.kept`).
    """

    __tablename__ = "kiosk_release"
    __table_args__ = (Index("ix_kiosk_release_at", "at"),)

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    offer: str = Field(primary_key=True)
    version: str = ""
    step: str = ""
    sentence: str = ""
    said: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))
    began: int | None = Field(default=None, sa_column=Column(BigInteger))
    at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False))
