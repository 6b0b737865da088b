"""What the core of a zuil asks of the world: each port is a Protocol with one or two adapters.

An adapter that cannot do its work raises the error named here and the core makes it a state;
any other exception is a bug and is logged as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from shared.domain.outcomes import Tone
from shared.wire.bridge import Identity, IdentityFault
from shared.wire.cards import CardRow
from shared.wire.messages import (
    Changes,
    Clock,
    CommandReport,
    Enrolment,
    EnrolmentRequest,
    Heartbeat,
    HeartbeatAnswer,
    KioskConfig,
    LogoMessage,
    LookupAnswer,
    LookupRequest,
    Parting,
    Receipt,
    ReleaseOffer,
    SnapshotInfo,
    Upload,
    UploadAnswer,
    UploadItem,
    VerdictMessage,
)

OK: Final = "ok"
"""The state of an adapter with which nothing is wrong; anything else is a sentence."""

# --- reader --------------------------------------------------------------------------------


class Sight(NamedTuple):
    """What the reader saw in one look: unique ids of the cards in the field, or a card half read.

    removed: the reader itself says that what was there before is gone; most readers cannot tell.
    """

    uids: frozenset[bytes] = frozenset()
    half_read: bool = False
    removed: bool = False


NOTHING = Sight()


class ReaderError(Exception):
    """The reader is away or does not answer; its text is one clear sentence."""


class CardReader(Protocol):
    """A card reader. One thread calls it; after a `ReaderError` the caller closes and opens again."""

    def open(self) -> None:
        """Open the reader; may take seconds. Raises ReaderError."""

    def look(self) -> Sight:
        """Look once at the field and return within about 100 ms. Raises ReaderError."""

    def reset(self) -> None:
        """Reset a reader that hangs, as if it were plugged in anew; any thread may call, never raises."""

    def close(self) -> None:
        """Let go of the reader; never raises."""


class IdentityError(Exception):
    """No identity card could be read."""

    def __init__(self, fault: IdentityFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class IdentityReader(Protocol):
    """Reads the identity card that is in a reader now; keeps nothing of it."""

    def read(self) -> Identity:
        """Return who the card is of, within a few seconds. Raises IdentityError."""


# --- display, lights -------------------------------------------------------------------------


class ScreenKind(StrEnum):
    """What a screen is for."""

    STARTING = "starting"
    IDLE = "idle"
    CODE = "code"
    WAIT = "wait"
    RESULT = "result"
    OUT_OF_ORDER = "out_of_order"
    BRAND = "brand"
    """The logo of the card system."""
    INFORMATION = "information"
    """For the technician: a headline and `lines`."""


class Icon(StrEnum):
    """A shape that is understood without reading."""

    NONE = ""
    TICK = "tick"
    CROSS = "cross"
    INFO = "info"
    CLOCK = "clock"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture, described: what stands where is the display's business.

    big: a word of two or three characters that fills the screen, such as "+1".
    code: the text of a QR code, empty for none. title: the event. clock: the hour as HH:MM.
    """

    kind: ScreenKind
    headline: str = ""
    detail: str = ""
    big: str = ""
    icon: Icon = Icon.NONE
    tone: Tone | None = None
    title: str = ""
    clock: str = ""
    code: str = ""
    lines: tuple[str, ...] = ()
    logo: LogoMessage | None = None


class Display(Protocol):
    """A panel. `show` hands the screen over and returns at once; the newest screen wins."""

    @property
    def wide(self) -> bool:
        """Whether a QR code and the idle text fit beside each other."""

    @property
    def state(self) -> str:
        """`ok`, or one sentence about what is wrong."""

    @property
    def resets(self) -> int:
        """How often the panel was lost since the start, and had to be opened anew."""

    def open(self) -> None:
        """Start showing; a panel that is away is a state, never an exception."""

    def show(self, screen: Screen) -> None:
        """Show this screen from now on."""

    def close(self) -> None:
        """Blank the panel and let go of it."""


class Lights(Protocol):
    """Lights and buzzer; people can do without, so a fault is a state, never an exception."""

    @property
    def state(self) -> str:
        """`ok`, or one sentence about what is wrong."""

    def open(self) -> None:
        """Take the pins; lights out."""

    def signal(self, tone: Tone) -> None:
        """Light up and sound for one outcome, then go out; returns at once."""

    def close(self) -> None:
        """Lights out, and let go of the pins."""


class Button(Protocol):
    """The technician's button; a zuil without one has a button that nobody presses. Never raises."""

    def open(self) -> None:
        """Take the pin."""

    def is_down(self) -> bool:
        """Return whether the button is held now."""

    def close(self) -> None:
        """Let go of the pin."""


# --- journal -----------------------------------------------------------------------------------


class JournalError(Exception):
    """The journal could not be written or read: nothing was recorded; its text is one clear sentence."""


class Granted(NamedTuple):
    """The point of a tap, as the journal remembers it beside the tap's own bytes. `at` in ms UTC."""

    passholder: int
    event: str
    at: int
    points: int


class OwnCheckin(NamedTuple):
    """A check-in granted by this zuil; `acknowledged` when the server has it.

    at: ms UTC as the zuil knew it then; clock: the evidence, for when it knows better.
    """

    id: str
    event: str
    at: int
    points: int
    acknowledged: bool
    clock: Clock


class Batch(NamedTuple):
    """Rows of the journal that the server does not have yet, in order, and the chain before the first.

    oldest: the first number that the journal still holds.
    """

    items: list[UploadItem]
    previous: str
    oldest: int = 0


class JournalState(NamedTuple):
    """The journal in figures.

    through: acknowledged up to here; oldest: wall ms of the oldest unsent tap; parked: refused by the server.
    seconds: how long the disk took for the latest tap.
    """

    last_seq: int
    through: int
    queue: int
    parked: int
    oldest: int | None
    seconds: float = 0.0


class Journal(Protocol):
    """What people did: append-only, durable before anything is shown. Every method raises JournalError."""

    def append(self, tap_id: str, payload: bytes, granted: Granted | None) -> int:
        """Store a tap durably and return its sequence number."""

    def own_checkins(self, passholder: int) -> list[OwnCheckin]:
        """Return the check-ins of one pashouder that this zuil granted and the server did not undo."""

    def pending(self, limit: int) -> Batch:
        """Return at most `limit` rows after the acknowledged ones."""

    def acknowledge(self, verdicts: Sequence[VerdictMessage], through: int) -> None:
        """Note the server's verdicts and move the mark; refused rows are parked, never deleted."""

    def send_again(self, first: int) -> None:
        """Move the mark back: the server asks for everything from `first` on."""

    def check(self) -> None:
        """Write something durably, to see whether the journal can be written again after a fault."""

    def prune(self, today: int, keep: int) -> int:
        """Delete rows that were acknowledged `keep` days ago or longer, parked ones and the last excepted.

        A server that is put back from a backup asks again for what it was handed since; when it was
        tapped says nothing of that. today: the number of the day on which the server was heard last;
        called every day, so that it is known what was acknowledged by then.
        """

    def state(self) -> JournalState:
        """Return the figures for heartbeat and status."""

    def tidy(self) -> None:
        """Move the write-ahead log into the file; call it while nobody taps."""


# --- cache ---------------------------------------------------------------------------------------


class CacheError(Exception):
    """The cache cannot be read or written; its text is one sentence.

    damaged: the file is broken and can only be thrown away and fetched again.
    """

    def __init__(self, sentence: str, *, damaged: bool = False) -> None:
        super().__init__(sentence)
        self.damaged = damaged


class CacheState(NamedTuple):
    """The cache in figures."""

    cards: int
    cursor: str
    config: str


class PassCache(Protocol):
    """A copy of the server's data that can be thrown away. Methods raise CacheError."""

    def card(self, token: int) -> CardRow | None:
        """Return the card with this token."""

    def checkins(self, passholder: int, event: str) -> list[tuple[str, int]]:
        """Return (id, ms UTC) of the known check-ins of a pashouder on an event."""

    def has_checkin(self, checkin_id: str) -> bool:
        """Return whether the feed brought this check-in, and with it the balance after it."""

    def config(self) -> KioskConfig | None:
        """Return the zuil's configuration, None before the first one."""

    def former_keys(self) -> dict[int, bytes]:
        """Return, by card system, the key of the cards that are here when the configuration has another."""

    def apply(self, changes: Changes) -> None:
        """Apply one answer of the server in small transactions; the cursor moves last."""

    def checksums(self) -> dict[str, str]:
        """Return the checksum of the cards by card system id, as `Changes.checksums`."""

    def replace(self, snapshots: Sequence[tuple[SnapshotInfo, Path]]) -> None:
        """Build a fresh cache from verified snapshot files beside the old one, and swap."""

    def start_over(self) -> None:
        """Throw a damaged cache away and begin with an empty one."""

    def remember(self, key: str, value: str) -> None:
        """Keep a small fact about this zuil, such as when the server was last heard."""

    def recall(self, key: str) -> str | None:
        """Return a small fact."""

    def state(self) -> CacheState:
        """Return the figures for heartbeat and status."""

    def tidy(self) -> None:
        """Move the write-ahead log into the file; call it while nobody taps."""


# --- what the server entrusted ---------------------------------------------------------------------


class Standing(StrEnum):
    """Whether the server wants this zuil, as it last said."""

    GOOD = "good"
    BLOCKED = "blocked"
    """Blocked; the journal is being handed in."""
    ERASING = "erasing"
    ERASED = "erased"
    """Keys and cards are gone; only another one-time code makes this a zuil again."""


class EntrustedError(Exception):
    """Keys and cards could not be destroyed, or that could not be noted; its text is one sentence."""


class Entrusted(Protocol):
    """Keys, credentials and cards: the server's, and destroyed on its word. Methods raise EntrustedError."""

    @property
    def standing(self) -> Standing:
        """How the zuil stands, also after a restart."""

    @property
    def order(self) -> str:
        """The id of the command that orders the destruction, empty when there is none."""

    def is_void(self, code: str) -> bool:
        """Return whether this one-time code made the zuil that was blocked: it is not tried again."""

    def block(self, order: str = "") -> None:
        """Note durably that the zuil is blocked, or that a command orders it to destroy what it has."""

    def allow(self) -> None:
        """Note durably that the zuil is wanted."""

    def destroy(self) -> None:
        """Destroy keys, credentials and cards, never the journal; a power cut only makes it take longer."""

    def parting(self, now: Clock) -> Parting | None:
        """Return what the server does not know yet: that all of it is gone. The first `now` is when."""

    def parted(self) -> None:
        """Note durably that the server knows."""


# --- server ----------------------------------------------------------------------------------------


class LinkError(Exception):
    """The server could not be asked, or refused; its text is one sentence.

    again: whether the same request may succeed later. type: which refusal (`shared.wire.problems`).
    status: of HTTP, 0 when there was no answer. pause: how many seconds the server asks to wait.
    """

    def __init__(
        self, sentence: str, *, again: bool = True, type_: str = "", status: int = 0, pause: float = 0
    ) -> None:
        super().__init__(sentence)
        self.again = again
        self.type = type_
        self.status = status
        self.pause = pause


class ServerLink(Protocol):
    """The server. Any thread may call; every method raises LinkError."""

    @property
    def enrolled(self) -> bool:
        """Whether this zuil has credentials."""

    @property
    def kiosk(self) -> int | None:
        """The number of the zuil that the credentials are for."""

    def is_new(self, code: str) -> bool:
        """Return whether the credentials were not made with this one-time code."""

    def enrol(self, request: EnrolmentRequest) -> Enrolment:
        """Exchange the one-time code for credentials and keep them."""

    def renew(self) -> None:
        """Exchange the credentials for fresh ones and keep those; the server asked for it."""

    def upload(self, upload: Upload) -> UploadAnswer:
        """Hand in taps."""

    def changes(self, cursor: str, config: str) -> Changes:
        """Ask what is new."""

    def snapshots(self) -> list[SnapshotInfo]:
        """Ask which snapshot files to load."""

    def fetch(self, snapshot: SnapshotInfo) -> Path:
        """Download a snapshot, resuming where an earlier attempt stopped, and check hash and signature."""

    def fetch_release(self, offer: ReleaseOffer, pace: Callable[[int], None]) -> Path:
        """Download a release, resuming; `pace` is told of every piece's bytes and takes its time."""

    def listen(self) -> Iterator[str]:
        """Yield an empty text once when the stream is open, and at every wake-up the name of its event."""

    def heartbeat(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Say how the zuil is."""

    def lookup(self, request: LookupRequest, seconds: float) -> LookupAnswer:
        """Ask about an unknown card; gives up after `seconds`."""

    def report(self, command_id: str, report: CommandReport) -> Receipt:
        """Say what became of a command."""

    def part(self, parting: Parting) -> Receipt:
        """Say that keys and cards are destroyed; needs no credentials."""

    def seal(self, chip_number: str) -> bytes:
        """Return the chip number sealed to the server; needs no network."""


# --- releases --------------------------------------------------------------------------------------


class ReleaseError(Exception):
    """A release cannot be taken; its text is one sentence. refused: nor will it be the next time."""

    def __init__(self, sentence: str, *, refused: bool = False) -> None:
        super().__init__(sentence)
        self.refused = refused


class FailedRelease(NamedTuple):
    """A release that was tried and left: by which order, and why."""

    version: str
    order: str
    reason: str


class ReleaseStanding(NamedTuple):
    """How the zuil came to run what it runs.

    running: its release, `factory` for the program of the SD card. order: what asked for it, empty when
    nothing did. before: the release to go back to.
    """

    running: str
    order: str
    before: str
    failed: FailedRelease | None


class Releases(Protocol):
    """The releases beside each other on the SD card. Methods that change something raise ReleaseError."""

    @property
    def trial(self) -> tuple[str, ...] | None:
        """What must be good before this release proved itself; None when it need not (any more)."""

    def standing(self) -> ReleaseStanding:
        """Return how the zuil came to run what it runs."""

    def has_room(self, needed: int) -> bool:
        """Tell whether so many bytes can be written, and enough stays free."""

    def holds(self, version: str) -> bool:
        """Tell whether a release is here, whole, and signed by who is trusted."""

    def install(self, bundle: Path, version: str, pause: Callable[[], None]) -> None:
        """Put a bundle's release beside the others; `pause` is called before each of its files."""

    def check(self, version: str) -> None:
        """Raise ReleaseError when this zuil cannot run a release that is here, as its files are now."""

    def want(self, version: str, order: str, good: tuple[str, ...]) -> None:
        """Have the next start try a release; `good`: what is good now, and must be good then."""

    def prove(self) -> None:
        """Note durably that the release that runs is a good one."""

    def tell_unproven(self, text: str) -> None:
        """Keep what is not good yet, for who reads later why it went back; never raises."""

    def tidy(self, keep: str) -> None:
        """Remove the releases that are of no use any more, but for `keep`; never raises."""


# --- clock -------------------------------------------------------------------------------------------


class ClockReading(NamedTuple):
    """Now, as well as the zuil knows it, and the evidence that travels with a tap."""

    now: datetime
    evidence: Clock


class TrustedClock(Protocol):
    """The zuil's idea of the time (`design/sync.md` 9)."""

    def read(self) -> ClockReading:
        """Return the time."""

    def learn(self, server_now: int, sent: float, received: float) -> None:
        """Take the server's time (ms UTC); `sent` and `received` are monotonic seconds around the request."""

    def when(self, evidence: Clock) -> int | None:
        """Return when something of this boot truly was, in ms UTC; None while nobody knows better."""
