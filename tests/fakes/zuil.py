"""Hand-written doubles for the ports of a zuil that lead outside the machine, and test data."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from device.ports import ClockReading, Display, Lights, LinkError, Screen, ServerLink, TrustedClock
from shared.domain.checkin import CardState
from shared.domain.outcomes import Tone
from shared.domain.zones import to_millis
from shared.wire.cards import CardRow, card_token, encode_block
from shared.wire.messages import (
    CalendarMessage,
    Changes,
    Clock,
    CommandReport,
    Enrolment,
    EnrolmentRequest,
    EventMessage,
    Heartbeat,
    HeartbeatAnswer,
    KioskConfig,
    LookupAnswer,
    LookupRequest,
    Parting,
    Receipt,
    SnapshotInfo,
    SpanMessage,
    SystemMessage,
    Upload,
    UploadAnswer,
)

KEY = bytes(range(32))
SYSTEM = 1
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
KNOWN_CHIP = "044D71DA862680"
BLOCKED_CHIP = "04A1B2C3D4E5F6"
UNKNOWN_CHIP = "04FFFFFFFFFF80"
CONCERT = "11111111-1111-1111-1111-111111111111"
FOREVER = 65_535


class FakeClock(TrustedClock):
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.boot = "test"
        self.learned: list[int] = []

    def read(self) -> ClockReading:
        wall = to_millis(self.now)
        return ClockReading(self.now, Clock(wall=wall, monotonic=wall, boot=self.boot, offset=0))

    def learn(self, server_now: int, sent: float, received: float) -> None:
        self.learned.append(server_now)

    def when(self, evidence: Clock) -> int | None:
        return None

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


class UnreachableLink(ServerLink):
    """A server that is away; it can still be sealed to."""

    @property
    def enrolled(self) -> bool:
        return True

    @property
    def kiosk(self) -> int | None:
        return 7

    def is_new(self, code: str) -> bool:
        return False

    def enrol(self, request: EnrolmentRequest) -> Enrolment:
        raise LinkError("The server cannot be reached.")

    def renew(self) -> None:
        raise LinkError("The server cannot be reached.")

    def upload(self, upload: Upload) -> UploadAnswer:
        raise LinkError("The server cannot be reached.")

    def changes(self, cursor: str, config: str) -> Changes:
        raise LinkError("The server cannot be reached.")

    def snapshots(self) -> list[SnapshotInfo]:
        raise LinkError("The server cannot be reached.")

    def fetch(self, snapshot: SnapshotInfo) -> Path:
        raise LinkError("The server cannot be reached.")

    def listen(self) -> Iterator[str]:
        raise LinkError("The server cannot be reached.")

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        raise LinkError("The server cannot be reached.")

    def lookup(self, request: LookupRequest, seconds: float) -> LookupAnswer:
        raise LinkError("The server cannot be reached.")

    def report(self, command_id: str, report: CommandReport) -> Receipt:
        raise LinkError("The server cannot be reached.")

    def part(self, parting: Parting) -> Receipt:
        raise LinkError("The server cannot be reached.")

    def seal(self, chip_number: str) -> bytes:
        return b"sealed " + chip_number.encode()


class AnsweringLink(UnreachableLink):
    """A server that answers lookups with `answer`."""

    def __init__(self, answer: LookupAnswer) -> None:
        self.answer = answer
        self.asked: list[LookupRequest] = []

    def lookup(self, request: LookupRequest, seconds: float) -> LookupAnswer:
        self.asked.append(request)
        return self.answer


def concert(
    *, starts: datetime = NOW, hours: float = 2, limit: tuple[int, str] | None = (1, "DAY")
) -> EventMessage:
    """An event on one evening."""
    span = SpanMessage(start=to_millis(starts), end=to_millis(starts + timedelta(hours=hours)))
    titles = {"nl": "Winterconcert in de bibliotheek", "fr": "Concert d'hiver à la bibliothèque"}
    calendar = CalendarMessage(kind="single", spans=[span])
    return EventMessage(id=CONCERT, number=7, titles=titles, calendar=calendar, limit=limit)


def config(*events: EventMessage, version: str = "1", **changed) -> KioskConfig:
    """A configuration with one card system and one zuil."""
    return KioskConfig(
        version=version,
        kiosk=7,
        name="Bib Aalst",
        code_key=bytes(32),
        code_url="HTTPS://ZUIL.EXAMPLE/C/",
        systems=[SystemMessage(id=SYSTEM, name="UiTPAS Aalst", token_key=KEY)],
        events=list(events),
        **changed,
    )


def row(
    chip: str, passholder: int = 1, state: int = CardState.ACTIVE, until: int = FOREVER, points: int = 0
) -> CardRow:
    """A row of the card feed."""
    return CardRow(card_token(KEY, chip), passholder, state, until, points)


def cards(*rows: CardRow) -> dict[str, bytes]:
    """A block of cards as it stands in `Changes`."""
    return {str(SYSTEM): encode_block(rows)}


def usual_changes() -> Changes:
    """A configuration with one concert, a card that may save and a blocked one."""
    rows = (row(KNOWN_CHIP, 1, points=12), row(BLOCKED_CHIP, 2, CardState.BLOCKED))
    return Changes(cursor="1.5", config=config(concert()), cards=cards(*rows))


class RecordingDisplay(Display):
    """A display that keeps every screen."""

    state = "ok"
    resets = 0

    def __init__(self, *, wide: bool = False) -> None:
        self.screens: list[Screen] = []
        self._wide = wide

    @property
    def wide(self) -> bool:
        return self._wide

    @property
    def last(self) -> Screen:
        return self.screens[-1]

    def open(self) -> None:
        """Nothing to open."""

    def show(self, screen: Screen) -> None:
        self.screens.append(screen)

    def close(self) -> None:
        """Nothing to close."""


class RecordingLights(Lights):
    """Lights that keep every signal."""

    state = "ok"

    def __init__(self) -> None:
        self.signals: list[Tone] = []

    def open(self) -> None:
        """Nothing to open."""

    def signal(self, tone: Tone) -> None:
        self.signals.append(tone)

    def close(self) -> None:
        """Nothing to close."""
