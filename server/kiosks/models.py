"""Zuilen (rules 8)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, text
from sqlmodel import Field, SQLModel

from server.kernel.types import UtcDateTime, UuidText


class KioskState(StrEnum):
    """Where a zuil is in its life (rules 8.6). NEW: made in the dashboard, not yet enrolled."""

    NEW = "new"
    ACTIVE = "active"
    BLOCKED = "blocked"
    REMOVED = "removed"


class Kiosk(SQLModel, table=True):
    """A zuil and what the server decides for it.

    consumer_key, consumer_secret: its OAuth credentials since it first used them; the secret and `code_key`
    (of its rotating QR codes) are sealed by the vault.
    manual_event_id: chosen at the counter; None means automatic (rules 8.2).
    hold_manual_event: outside its window it shows "not now" instead of falling through (rules 8.4).
    next_consumer_key, next_consumer_secret: fresh credentials that the zuil has not used yet.
    renewal_asked: since when it is asked to fetch those.
    identify: how often somebody asked which zuil this is.
    device_hash, device_id: of the device that speaks for it through the JSON API (SHA-256, and sealed); it
    has no credentials then.
    blocked_at: when it was blocked last; told_at: when it first heard so. wiped_at: when it destroyed
    its keys and cards, as it said itself.
    """

    __tablename__ = "kiosk"
    __table_args__ = (
        Index("ix_kiosk_next_consumer_key", "next_consumer_key", unique=True),
        Index("ix_kiosk_device_hash", "device_hash", unique=True),
    )

    number: int | None = Field(default=None, primary_key=True)
    name: str
    place: str = ""
    consumer_key: str | None = Field(default=None, unique=True)
    consumer_secret: bytes | None = None
    next_consumer_key: str | None = None
    next_consumer_secret: bytes | None = None
    renewal_asked: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    device_hash: bytes | None = None
    device_id: bytes | None = None
    code_key: bytes
    state: str = KioskState.NEW
    mode: str = "checkin"
    languages: list[str] = Field(default_factory=lambda: ["nl"], sa_column=Column(JSON, nullable=False))
    qr: bool = True
    qr_seconds: int = 30
    manual_event_id: str | None = Field(default=None, foreign_key="event.id", ondelete="SET NULL")
    hold_manual_event: bool = False
    result_seconds: float = 2.5
    lease_days: int = 30
    heartbeat_seconds: int = 60
    poll_seconds: int = 300
    identify: int = 0
    blocked_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    told_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    wiped_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))


class FormerDevice(SQLModel, table=True):
    """A device that was a zuil until it was replaced (`server.kiosks.replacing`).

    kiosk: the number under which it may still hand in its taps; successor: of the zuil it was.
    """

    __tablename__ = "kiosk_former_device"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    successor: int = Field(foreign_key="kiosk.number", index=True, ondelete="CASCADE")
    since: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))


class CommandState(StrEnum):
    """How far a command is. SENT: the zuil got it. EXPIRED: nothing was heard of it in time."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    EXPIRED = "expired"


OPEN_STATES: Final = (CommandState.WAITING.value, CommandState.SENT.value)
_IS_OPEN: Final = text("state IN ('waiting', 'sent')")


class KioskCommand(SQLModel, table=True):
    """Something a zuil is told to do; instants in milliseconds UTC (`server.kiosks.commands`).

    asked_by: staff id. sent_at: when the zuil first got it; ended_at: when it was done there.
    sentence: the zuil's own words; said: what they mean (`server.web.sayings.kept`).
    """

    __tablename__ = "kiosk_command"
    __table_args__ = (
        Index(
            "ix_kiosk_command_open",
            "kiosk",
            "kind",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
        Index("ix_kiosk_command_asked", "kiosk", "asked_at"),
    )

    id: str = Field(sa_column=Column(UuidText, primary_key=True))
    kiosk: int = Field(foreign_key="kiosk.number", ondelete="CASCADE")
    kind: str
    arguments: dict[str, str] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    asked_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    asked_by: int | None = None
    expires: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = CommandState.WAITING
    sent_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    ended_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    sentence: str = ""
    said: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class KioskCommandResult(SQLModel, table=True):
    """What a command brought: a picture, lines of a log."""

    __tablename__ = "kiosk_command_result"

    command_id: str = Field(
        sa_column=Column(UuidText, ForeignKey("kiosk_command.id", ondelete="CASCADE"), primary_key=True)
    )
    content: bytes


class KioskCounter(SQLModel, table=True):
    """A zuil stands at one or more counters; only those manage it (rules 8.1)."""

    __tablename__ = "kiosk_counter"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    counter_id: int = Field(primary_key=True, foreign_key="counter.id", ondelete="CASCADE", index=True)


class KioskEnrolment(SQLModel, table=True):
    """A one-time code that makes a device this zuil; only its hash is kept.

    attempt_hash: of the secret of the device that used it (SHA-256), which may repeat its exchange.
    consumer_key: of the credentials it was exchanged for last.
    """

    __tablename__ = "kiosk_enrolment"

    code_hash: bytes = Field(primary_key=True)
    kiosk: int = Field(foreign_key="kiosk.number", index=True, ondelete="CASCADE")
    expires: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
    attempt_hash: bytes | None = None
    consumer_key: str | None = None
    created_by: int | None = None


class KioskLive(SQLModel, table=True):
    """How a zuil was when it last spoke; narrow, written at every heartbeat.

    heartbeat: the JSON of `shared.wire.messages.Heartbeat`. clock_offset_ms: server time minus
    what the zuil takes for it, so what is left after its own correction. lease_days: the longest
    lease of those that the zuil may go by. hung_up: since when its event stream is closed; None
    while it is open, or since a heartbeat.
    """

    __tablename__ = "kiosk_live"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    last_contact: datetime = Field(sa_column=Column(UtcDateTime, nullable=False))
    heartbeat: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    queue: int = 0
    oldest: int | None = Field(default=None, sa_column=Column(BigInteger))
    event_id: str | None = None
    clock_offset_ms: int | None = Field(default=None, sa_column=Column(BigInteger))
    version: str = ""
    lease_days: int | None = None
    address: str = ""
    hung_up: datetime | None = Field(default=None, sa_column=Column(UtcDateTime))
