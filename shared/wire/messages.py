"""Messages between zuil and server, version 1 (`docs/protocol.md`).

JSON on the wire; `bytes` fields travel as base64. Instants are integer milliseconds since
1970 UTC, dates are ISO. Unknown fields are ignored on both sides, so a field may be added at
any time; a field is never given another meaning.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from shared.domain.sayings import understood

PROTOCOL: Final = 1
PREFIX: Final = "/device/v1"


# --- enrolment ---------------------------------------------------------------------------


class EnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST enrolments: the one-time code of the dashboard, exchanged for the zuil's own credentials."""

    code: str
    hardware: str = ""
    version: str = ""
    last_seq: int = 0
    """The last number in the device's journal, which goes on after it; 0 for a new device."""
    attempt: str = ""
    """A secret that this device made for this exchange: who knows it may repeat an exchange of which the
    answer was lost, for a few minutes, and gets fresh credentials for the same code."""


class Enrolment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer: who this zuil is from now on. The secret is shown this once."""

    kiosk: int
    name: str
    consumer_key: str
    consumer_secret: str
    sealing_key: bytes
    """Curve25519 public key; unknown chip numbers are sealed to it."""
    signing_key: bytes
    """Ed25519 public key; snapshots are signed with it."""


class EnrolmentCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to POST enrolments/check with an `EnrolmentRequest`: the code is good; it is not used up."""

    kiosk: int
    name: str
    expires: int
    release_keys: list[str] = []
    """Ed25519 public keys in hexadecimal that releases of the zuil's program are signed with."""


# --- what a zuil gets ---------------------------------------------------------------------


class OpeningHoursMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hours `HH:MM` on ISO weekdays (Monday 1); `closes` at or before `opens` is the next day."""

    days: list[int]
    opens: str
    closes: str


class AdjustedDaysMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Other hours from `first` to `last`, both included; no hours means closed."""

    first: date
    last: date
    hours: list[OpeningHoursMessage] = []


class SpanMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One dated occurrence in milliseconds UTC; `…_known` is false when UiTdatabank gave no hour."""

    start: int
    end: int
    start_known: bool = True
    end_known: bool = True


class CalendarMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`kind` is single, multiple, periodic or permanent (rules 3.11)."""

    kind: str
    spans: list[SpanMessage] = []
    first: date | None = None
    last: date | None = None
    hours: list[OpeningHoursMessage] = []
    adjusted: list[AdjustedDaysMessage] = []


class EventMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event of the zuil's counters. `limit` is `[volume, period]`, absent when there is none."""

    id: str
    number: int
    titles: dict[str, str]
    calendar: CalendarMessage
    points: int = 1
    limit: tuple[int, str] | None = None


class SystemMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A card system whose cards the zuil holds, with the key that turns a chip number into a token."""

    id: int
    name: str
    token_key: bytes


class ReleaseOffer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A release of its program that a zuil is to take (`shared.wire.bundles`).

    id: of this offer; a zuil tries each offer once. size, unpacked: bytes. url: a path on the same server.
    rate: bytes a second at most. quiet_seconds: how long nobody tapped before the zuil switches.
    """

    id: str
    version: str
    size: int
    unpacked: int
    sha256: str
    url: str
    rate: int = 200_000
    quiet_seconds: float = 120


class LogoMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A picture in two colours. bits: rows of whole bytes; a lit pixel is 1, the left one first."""

    width: int
    height: int
    bits: bytes


class KioskConfig(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything the server decides for one zuil; replaced as a whole when `version` differs."""

    version: str
    kiosk: int
    name: str
    place: str = ""
    mode: str = "checkin"
    languages: tuple[str, ...] = ("nl",)
    qr: bool = True
    qr_seconds: int = 30
    code_key: bytes = b""
    code_url: str = ""
    """Prefix of the QR link, upper case, e.g. `HTTPS://ZUIL.EXAMPLE/C/`."""
    manual_event: str | None = None
    hold_manual_event: bool = False
    """True: a manual event outside its window shows "not now" instead of falling through (rules 8.4)."""
    result_seconds: float = 2.5
    heartbeat_seconds: float = 60
    poll_seconds: float = 300
    upload_batch: int = 100
    lease_days: int = 30
    keep_acknowledged_days: int = 35
    identify: int = 0
    """Raised by one when somebody wants to see which zuil this is: it blinks and shows its name.

    For zuilen that know no commands yet."""
    systems: list[SystemMessage] = []
    logo: LogoMessage | None = None
    """Of the zuil's card system, to show now and then."""
    events: list[EventMessage] = []
    release: ReleaseOffer | None = None
    withdrawn: list[str] = []
    """Versions that no zuil should run: who does goes back to what it ran before."""


class CheckinMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check-in of anyone on one of the zuil's events, as far as a running constraint period needs it."""

    id: str
    passholder: int
    event: str
    at: int


class Changes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """GET changes?cursor=&config=: what is new after `cursor`.

    `cards` holds a block of `shared.wire.cards` by card system id; `checksums` (hexadecimal, by
    card system id) hold for the cards up to `cursor` and are there only when `more` is false.

    Beside a `config`, `checkins` holds *all* check-ins of the running periods on its events, not
    only those after `cursor`: a zuil that is new, or loaded a snapshot, asks with an empty
    `config` and so learns what was saved before.
    """

    cursor: str
    more: bool = False
    snapshot_needed: bool = False
    config: KioskConfig | None = None
    cards: dict[str, bytes] = {}
    checkins: list[CheckinMessage] = []
    checksums: dict[str, str] | None = None


class SnapshotInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """GET snapshots: one entry for each of the zuil's card systems. `url` is a path on the same server."""

    system: int
    cursor: str
    cards: int
    size: int
    sha256: str
    signature: bytes
    """Ed25519 over the 32 raw bytes of the file's SHA-256."""
    checksum: str
    url: str
    key: str = ""
    """Mark of the token key of its cards (`shared.wire.cards.key_mark`); empty: not said."""


# --- what a zuil sends --------------------------------------------------------------------


class Clock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Evidence of time at one moment: wall clock, monotonic clock and boot, and how far to trust the wall."""

    wall: int
    monotonic: int
    boot: str
    offset: int | None = None
    """Milliseconds to add to `wall` to get server time, as last measured in this boot; None when never."""
    believed: int | None = None
    """What the zuil took the time to be, where that is not `wall` and `offset` says nothing: never earlier
    than what it knew to have passed. A better guess than a wall clock that lost its date."""


class Tap(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened at the zuil, written in the journal before anything was shown.

    `card` is the token as 16 hexadecimal digits with the card system that keyed it; a card the
    zuil does not know carries `sealed` instead: the 14 characters of its chip number in a box
    that only the server opens. `outcome` is a `shared.domain.outcomes.Outcome`.
    """

    id: str
    clock: Clock
    outcome: str
    mode: str = "checkin"
    event: str | None = None
    selection: str = ""
    system: int | None = None
    card: str | None = None
    passholder: int | None = None
    sealed: bytes | None = None
    points: int = 0
    config: str = ""


class UploadItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`tap` holds the journal's bytes untouched; `chain` is hexadecimal `chain_link(previous, tap)`."""

    seq: int
    chain: str
    tap: msgspec.Raw


class Upload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST taps: rows of the journal in order. `previous` is the chain value before the first item."""

    items: list[UploadItem]
    previous: str
    clock: Clock
    oldest: int = 0
    """The first sequence number the journal still holds; older ones can never come any more. 0: not said."""


class VerdictMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer on one tap: `verdict` is granted, noted or refused; `known` when it was sent before."""

    seq: int
    verdict: str
    outcome: str = ""
    points: int = 0
    total: int | None = None
    known: bool = False
    detail: str = ""


class UploadAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`through`: the journal is at the server up to here. `resend_from`: please send again from here."""

    verdicts: list[VerdictMessage]
    through: int
    resend_from: int | None = None


class LookupRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST lookup: who is this card? `sealed` is the chip number sealed to the server."""

    sealed: bytes
    event: str | None = None


class LookupAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a decision needs of a card that is not in the cache; `passholder` None when not registered."""

    known: bool
    state: int = 0
    passholder: int | None = None
    active_until: int = 0
    points: int = 0
    checkins: list[int] = []
    """Instants of this passholder's check-ins on the asked event in the running period and last minutes."""
    ids: list[str] = []
    """The ids of these check-ins, in the same order: the zuil may know some of them better."""


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a zuil measures of itself; what it cannot measure is None or empty.

    temperature: degrees Celsius. throttled: the firmware's bits (0x1 under-voltage now, 0x8 too warm now,
    the same bits << 16 since boot). memory, disk: megabytes. wear: percent of the storage's life that is
    used. storage_errors: of the file system since it was made. written: megabytes since boot.
    """

    temperature: float | None = None
    throttled: int = 0
    memory_free: int | None = None
    memory_total: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None
    wear: int | None = None
    written: int | None = None
    storage_errors: int = 0
    network: str = ""
    """`ethernet`, `wifi` or `mobile`: what the way to the internet begins with."""
    signal: int | None = None
    """Of the radio, in dBm: -50 is strong, -85 is hardly there."""
    round_trip: int | None = None
    """Milliseconds of the heartbeat before this one."""
    followed: int | None = None
    """Seconds since the zuil last held everything the server had; None: not yet since it started."""
    taps: int = 0
    refusals: int = 0
    """What was presented in the last hour, and how much of it was refused."""
    reader_resets: int = 0
    display_resets: int = 0


class SaidMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a zuil says, for the server to word: a `shared.domain.sayings.Said`.

    A server that does not know it has the sentence that goes with it.
    """

    code: str
    facts: dict[str, str] = {}
    subject: str = ""
    good: bool = True


def said_in(text: str) -> list[SaidMessage]:
    """Return what a text of a zuil says, as it travels."""
    return [
        SaidMessage(code=one.code, facts=dict(one.facts), subject=one.subject, good=one.good)
        for one in understood(text)
    ]


class ReleaseReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a zuil is with a release: `step` is a `shared.domain.releases.Step`.

    offer: the id of the offer. sentence: why, when it does not go on; said: the same, to be worded.
    """

    offer: str
    version: str
    step: str
    sentence: str = ""
    said: list[SaidMessage] = []


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST heartbeat: how the zuil is."""

    clock: Clock
    version: str
    queue: int
    oldest: int | None = None
    """Wall instant of the oldest tap not yet acknowledged."""
    last_seq: int = 0
    cursor: str = ""
    config: str = ""
    event: str | None = None
    selection: str = ""
    screen: str = ""
    reader: str = "ok"
    display: str = "ok"
    faults: list[str] = []
    said: list[SaidMessage] = []
    """The sentences among the faults, to be worded."""
    uptime: int = 0
    cards: int = 0
    telemetry: Telemetry | None = None
    release: ReleaseReport | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something the zuil is told to do, once: `id` is a UUID, `kind` a `shared.domain.commands.CommandKind`.

    It comes with each answer until the zuil reported on it. It is not begun after `expires` (ms UTC).
    """

    id: str
    kind: str
    expires: int
    arguments: dict[str, str] = {}


class HeartbeatAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The server's clock, what is newest, and what to do."""

    now: int
    config: str
    cursor: str
    resend_from: int | None = None
    renew: bool = False
    """Please ask for fresh credentials (POST credentials, answered with an `Enrolment`)."""
    commands: list[Command] = []


MOST_RESULT: Final = 256 * 1024
"""Bytes in the result of a command."""


class CommandReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST commands/{id}: what became of a command, a `shared.domain.commands.CommandOutcome`.

    ended: the clocks when it was done; clock: the same now. `result`: at most `MOST_RESULT` bytes, a PNG
    for a screen, UTF-8 text for everything else. said: the sentence, of a self-test each part, to be worded.
    """

    outcome: str
    ended: Clock
    clock: Clock
    sentence: str = ""
    said: list[SaidMessage] = []
    result: bytes = b""


class Parting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST partings, unsigned: the zuil that had `consumer_key` destroyed its keys and cards.

    proof: `shared.wire.parting`. wiped: the clocks when that was done; clock: the same now. command: the
    id of the command that ordered it, empty when the zuil was blocked.
    """

    consumer_key: str
    proof: bytes
    wiped: Clock
    clock: Clock
    command: str = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a report and to a parting: heard. `known`: false when it is about nothing of ours."""

    known: bool = True


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`application/problem+json` (RFC 9457), the only form of an error."""

    type: str = "about:blank"
    title: str = ""
    status: int = 0
    detail: str = ""
