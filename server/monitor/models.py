"""What is known of how zuilen are, and were.

Instants are whole milliseconds since 1970 UTC: these tables are written at every heartbeat.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Text, text
from sqlmodel import Field, SQLModel

from server.kernel.types import BigKey
from shared.domain.watching import State

HOUR: Final = 60
DAY: Final = 1_440


class KioskWatch(SQLModel, table=True):
    """The present state of a zuil that is in use, and when to judge it again.

    due: when. heard: when it last spoke; hung_up: since when its event stream is closed.
    since: since when state and excuse are what they are. causes: what counts, the gravest first, with
    commas between. memory: JSON of `shared.domain.watching.Memory`.
    """

    __tablename__ = "kiosk_watch"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    due: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, index=True))
    heard: int = Field(sa_column=Column(BigInteger, nullable=False))
    hung_up: int | None = Field(default=None, sa_column=Column(BigInteger))
    state: str = Field(default=State.OK, index=True)
    excuse: str = ""
    causes: str = ""
    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    memory: str = Field(default="{}", sa_column=Column(Text, nullable=False))


class KioskTransition(SQLModel, table=True):
    """A zuil came into a state, out of another, or its gravest causes changed."""

    __tablename__ = "kiosk_transition"
    __table_args__ = (Index("ix_kiosk_transition_kiosk", "kiosk", "at"),)

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    kiosk: int = Field(foreign_key="kiosk.number", ondelete="CASCADE")
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str
    excuse: str = ""
    causes: str = ""


class KioskHappening(SQLModel, table=True):
    """Something that a heartbeat showed to have happened (`server.monitor.happenings.Happening`).

    was, became: of a version that changed; empty for anything else.
    """

    __tablename__ = "kiosk_happening"
    __table_args__ = (Index("ix_kiosk_happening_kiosk", "kiosk", "at"),)

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    kiosk: int = Field(foreign_key="kiosk.number", ondelete="CASCADE")
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str
    was: str = ""
    became: str = ""


class KioskSample(SQLModel, table=True):
    """What one heartbeat measured; kept 48 hours.

    taps: handed to the journal since the heartbeat before. temperature: tenths of a degree. waits: age
    of the oldest unsent tap in seconds. round_trip, offset: milliseconds. memory, disk: free megabytes.
    """

    __tablename__ = "kiosk_sample"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    taps: int = 0
    refusals: int = 0
    queue: int = 0
    waits: int = 0
    temperature: int | None = None
    signal: int | None = None
    round_trip: int | None = None
    offset: int = Field(default=0, sa_column=Column("clock", BigInteger, nullable=False))
    memory: int | None = None
    disk: int | None = None


class KioskSummary(SQLModel, table=True):
    """The samples of an hour (kept 90 days) or a Brussels day (2 years): `grain` in minutes.

    samples: how many there were; a heartbeat a minute makes 60. Sums, averages and the worst there was.
    """

    __tablename__ = "kiosk_summary"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    grain: int = Field(primary_key=True)
    at: int = Field(sa_column=Column(BigInteger, primary_key=True))
    samples: int
    taps: int
    refusals: int
    queue: int
    waits: int
    temperature: int | None = None
    hottest: int | None = None
    signal: int | None = None
    weakest: int | None = None
    round_trip: int | None = None
    slowest: int | None = None
    memory: int | None = None
    disk: int | None = None


class ThinningMark(SQLModel, table=True):
    """Up to where samples were summed up, for each grain."""

    __tablename__ = "thinning_mark"

    grain: int = Field(primary_key=True)
    upto: int = Field(sa_column=Column(BigInteger, nullable=False))


class WatchRules(SQLModel, table=True):
    """What the KSB of a card system decided; thresholds it did not touch keep their default.

    quiet_from, quiet_until: hours `HH:MM` in which no mail leaves, empty for none. escalate: minutes
    after which an alert that nobody acknowledged goes to everyone who may, 0 for never.
    """

    __tablename__ = "watch_rules"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    thresholds: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    quiet_from: str = ""
    quiet_until: str = ""
    escalate: int = 60


class KioskHours(SQLModel, table=True):
    """The opening hours of the place where a zuil stands: JSON of `shared.wire.messages.CalendarMessage`."""

    __tablename__ = "kiosk_hours"

    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    calendar: str = Field(sa_column=Column(Text, nullable=False))


class Maintenance(SQLModel, table=True):
    """Somebody works on a zuil from `starts` to `ends`: what it does meanwhile is no alert."""

    __tablename__ = "maintenance"
    __table_args__ = (
        Index("ix_maintenance_kiosk", "kiosk", "ends"),
        Index("ix_maintenance_starts", "kiosk", "starts"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    kiosk: int = Field(foreign_key="kiosk.number", ondelete="CASCADE")
    starts: int = Field(sa_column=Column(BigInteger, nullable=False))
    ends: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str = ""
    staff_id: int | None = None


class ListeningPulse(SQLModel, table=True):
    """Since when this installation listens to its zuilen without a break; one row."""

    __tablename__ = "listening_pulse"

    id: int = Field(default=1, primary_key=True)
    since: int = Field(sa_column=Column(BigInteger, nullable=False))
    last: int = Field(sa_column=Column(BigInteger, nullable=False))


class Incident(SQLModel, table=True):
    """One thing that is wrong, with one cause, for one zuil or for many; open while `closed` is None.

    scope, key: what is behind it (`shared.domain.rootcause.Root`). state, cause: the worst it is now.
    kiosks: how many zuilen it ever had. Who took it up: acknowledged_by, assigned_to. Until
    snoozed_until nobody hears more of it. escalated_at: when everyone who may was told.
    """

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "ix_incident_open",
            "scope",
            "key",
            unique=True,
            sqlite_where=text("closed IS NULL"),
            postgresql_where=text("closed IS NULL"),
        ),
        Index("ix_incident_opened", "opened"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    scope: str
    key: str
    state: str
    cause: str
    kiosks: int = 0
    opened: int = Field(sa_column=Column(BigInteger, nullable=False))
    closed: int | None = Field(default=None, sa_column=Column(BigInteger))
    acknowledged_at: int | None = Field(default=None, sa_column=Column(BigInteger))
    acknowledged_by: int | None = None
    assigned_to: int | None = None
    snoozed_until: int | None = Field(default=None, sa_column=Column(BigInteger))
    escalated_at: int | None = Field(default=None, sa_column=Column(BigInteger))


class IncidentKiosk(SQLModel, table=True):
    """A zuil is, or was, part of an incident; of at most one that it has not left."""

    __tablename__ = "incident_kiosk"
    __table_args__ = (
        Index(
            "ix_incident_kiosk_now",
            "kiosk",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    incident_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    )
    kiosk: int = Field(primary_key=True, foreign_key="kiosk.number", ondelete="CASCADE")
    joined: int = Field(sa_column=Column(BigInteger, nullable=False))
    left_at: int | None = Field(default=None, sa_column=Column(BigInteger))


class IncidentNote(SQLModel, table=True):
    """What happened with an incident, or what somebody did or said about it."""

    __tablename__ = "incident_note"

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    incident_id: int = Field(
        sa_column=Column(
            BigInteger, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    at: int = Field(sa_column=Column(BigInteger, nullable=False))
    deed: str
    staff_id: int | None = None
    text: str = ""


class AlertWish(SQLModel, table=True):
    """Someone wants mail when zuilen of a card system (None: of all) come into a state and leave it.

    What is chosen for one card system goes before what is chosen for all. rhythm: `now`, `daily` for one
    mail each morning, or `never`.
    """

    __tablename__ = "alert_wish"

    id: int | None = Field(default=None, primary_key=True)
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    card_system_id: int | None = Field(default=None, foreign_key="card_system.id", ondelete="CASCADE")
    state: str
    rhythm: str
    language: str = "nl"


class Notice(SQLModel, table=True):
    """Someone is to be told of a moment of an incident; `mail_id` once it stands in a mail."""

    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "ix_notice_waiting",
            "due",
            sqlite_where=text("mail_id IS NULL"),
            postgresql_where=text("mail_id IS NULL"),
        ),
        Index("ix_notice_once", "incident_id", "staff_id", "moment", unique=True),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    incident_id: int = Field(
        sa_column=Column(BigInteger, ForeignKey("incident.id", ondelete="CASCADE"), nullable=False)
    )
    staff_id: int = Field(foreign_key="staff.id", index=True, ondelete="CASCADE")
    moment: str
    rhythm: str
    language: str = "nl"
    due: int = Field(sa_column=Column(BigInteger, nullable=False))
    mail_id: int | None = Field(default=None, sa_column=Column(BigInteger))


class AlertWebhook(SQLModel, table=True):
    """Where the alerts about zuilen of a card system are posted; `secret` signs them, sealed by the vault."""

    __tablename__ = "alert_webhook"

    card_system_id: int = Field(primary_key=True, foreign_key="card_system.id", ondelete="CASCADE")
    url: str
    secret: bytes
    is_on: bool = True


class WebhookCall(SQLModel, table=True):
    """A moment of an incident that is to be posted to a webhook, or was; of a test there is no incident.

    card_system_id: whose webhook; None: the operator's.
    """

    __tablename__ = "webhook_call"
    __table_args__ = (
        Index(
            "ix_webhook_call_waiting",
            "due",
            sqlite_where=text("sent IS NULL"),
            postgresql_where=text("sent IS NULL"),
        ),
        Index("ix_webhook_call_system", "card_system_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigKey, primary_key=True))
    card_system_id: int | None = None
    incident_id: int | None = Field(default=None, sa_column=Column(BigInteger))
    moment: str = ""
    body: str = Field(sa_column=Column(Text, nullable=False))
    due: int = Field(sa_column=Column(BigInteger, nullable=False))
    attempts: int = 0
    sent: int | None = Field(default=None, sa_column=Column(BigInteger))
    error: str = ""
