"""How a zuil is: ok, warning, error, offline or blocked (rules 8.6, 8.8), and why.

Every instant is in milliseconds since 1970 UTC: thousands of zuilen are judged every minute.
A judgement is a pure function of what the zuil last said, what was noticed before, the thresholds
of its card system and `now`; it says itself when time alone may change it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.domain.openings import Openings

_SECOND: Final = 1_000
_MINUTE: Final = 60 * _SECOND
NEVER: Final = 1 << 62


class State(StrEnum):
    """What people see of a zuil, from nothing wrong to out of use."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"
    OFFLINE = "offline"
    BLOCKED = "blocked"


class Excuse(StrEnum):
    """Why a state is nobody's alarm now: the place is closed, or somebody works on it."""

    NONE = ""
    CLOSED = "closed"
    MAINTENANCE = "maintenance"


class Cause(StrEnum):
    """What is wrong, the gravest first: of several the first is the one that is named."""

    BLOCKED = "blocked"
    SILENT = "silent"
    STORAGE = "storage"
    READER = "reader"
    LEASE = "lease"
    ENROLMENT = "enrolment"
    FULL = "full"
    HOT = "hot"
    STUCK = "stuck"
    POWER = "power"
    DISPLAY = "display"
    LIGHTS = "lights"
    SETTINGS = "settings"
    SLOW = "slow"
    QUEUE = "queue"
    CARDS = "cards"
    CLOCK = "clock"
    WARM = "warm"
    SIGNAL = "signal"
    NEARLY_FULL = "nearly-full"
    WORN = "worn"
    REFUSALS = "refusals"
    PARKED = "parked"
    RELEASE = "release"
    """Of a roll-out, never of a zuil."""


ERRORS: Final = frozenset(
    {
        Cause.STORAGE,
        Cause.READER,
        Cause.LEASE,
        Cause.ENROLMENT,
        Cause.FULL,
        Cause.HOT,
        Cause.STUCK,
    }
)
"""With these, people cannot save points now, or soon cannot; the other causes are warnings."""

FAULTS: Final[Mapping[str, Cause]] = MappingProxyType(
    {
        "E10": Cause.READER,
        "E11": Cause.READER,
        "E20": Cause.STORAGE,
        "E21": Cause.STORAGE,
        "E22": Cause.FULL,
        "E23": Cause.SLOW,
        "E30": Cause.ENROLMENT,
        "E40": Cause.LEASE,
        "E60": Cause.SETTINGS,
        "E61": Cause.SETTINGS,
        "E70": Cause.DISPLAY,
        "E71": Cause.LIGHTS,
        "E72": Cause.POWER,
        "E73": Cause.HOT,
    }
)
"""What the codes of a zuil (docs/technieker.md) mean here."""

_RANK: Final = {cause: rank for rank, cause in enumerate(Cause)}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is wrong; a KSB sets them for a card system.

    silent: seconds without a heartbeat; hung_up: seconds that the event stream is closed.
    delay: seconds that anything else lasts before it counts; recover: seconds that it must be
    over. Temperatures in degrees Celsius, signal in dBm, queue ages and `cards` in minutes, disk in
    megabytes, wear and refusals in percent (of at least `_FEW` taps in an hour), clock in seconds.
    grace: minutes after the place opens in which a zuil may still be off.
    """

    silent: int = 180
    hung_up: int = 90
    delay: int = 60
    recover: int = 120
    warm: int = 75
    hot: int = 82
    signal: int = -80
    queue: int = 30
    stuck: int = 240
    cards: int = 60
    disk: int = 500
    wear: int = 80
    clock: int = 60
    refusals: int = 50
    grace: int = 15


_FEW: Final = 20
_MARGINS: Final = MappingProxyType(
    {"warm": 3.0, "hot": 3.0, "signal": 5.0, "disk": 100.0, "refusals": 10.0, "clock": 10.0}
)
"""How far back a measure must be before what it caused can be over."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a zuil; measures it does not have are None.

    heard: when it last spoke. hung_up: since when its stream is closed. listening: since when this
    server listens without a break: silence while nobody listened proves nothing. oldest: the wall
    instant of its oldest unsent tap. lost: since when it is offline, None when it is not: it stays so
    until it speaks. offset: milliseconds its clock is wrong. followed: seconds
    since it last held everything, at `heard`.
    """

    heard: int
    listening: int = 0
    hung_up: int | None = None
    lost: int | None = None
    blocked: bool = False
    reader: str = "ok"
    display: str = "ok"
    faults: tuple[str, ...] = ()
    oldest: int | None = None
    offset: int = 0
    temperature: float | None = None
    signal: int | None = None
    disk_free: int | None = None
    wear: int | None = None
    followed: int | None = None
    taps: int = 0
    refusals: int = 0


class Noticed(NamedTuple):
    """One cause: since when it was seen, whether it counts by now, since when it is not seen any more."""

    since: int
    counts: bool
    over: int | None


Memory = Mapping[Cause, Noticed]


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a zuil is at a moment.

    causes: what counts, the gravest first. memory: for the next judgement. again: when time alone
    may change the outcome.
    """

    state: State
    excuse: Excuse
    causes: tuple[Cause, ...]
    again: int
    memory: Memory = field(default_factory=dict)


def judge(
    facts: Facts,
    memory: Memory,
    thresholds: Thresholds,
    now: int,
    *,
    openings: Openings | None = None,
    maintenance_until: int | None = None,
) -> Judgement:
    """Judge a zuil.

    openings: the hours of its place, None when it is always open. maintenance_until: the end of the
    work on it that is under way.
    """
    excuse, excuse_ends = _excuse(thresholds, now, openings, maintenance_until)
    if facts.blocked:
        return Judgement(State.BLOCKED, excuse, (Cause.BLOCKED,), excuse_ends)
    silent_at = _silent_at(facts, thresholds)
    if now >= silent_at or (facts.lost is not None and facts.heard <= facts.lost):
        # What was wrong with it may still be so: nobody can tell.
        return Judgement(State.OFFLINE, excuse, (Cause.SILENT,), excuse_ends, memory)
    after = _remember(memory, _symptoms(facts, thresholds, memory, now), thresholds, now)
    causes = tuple(
        sorted((cause for cause, noticed in after.items() if noticed.counts), key=_RANK.__getitem__)
    )
    again = min(silent_at, excuse_ends, *_turns(after, thresholds, now), _queue_turns(facts, thresholds, now))
    return Judgement(_state_of(causes), excuse, causes, again, after)


def _state_of(causes: tuple[Cause, ...]) -> State:
    if not causes:
        return State.OK
    return State.ERROR if any(cause in ERRORS for cause in causes) else State.WARNING


def _silent_at(facts: Facts, thresholds: Thresholds) -> int:
    """Return from when on the zuil is offline unless it speaks."""
    silent_at = max(facts.heard, facts.listening) + thresholds.silent * _SECOND
    if facts.hung_up is not None and facts.hung_up >= max(facts.heard, facts.listening):
        return min(silent_at, facts.hung_up + thresholds.hung_up * _SECOND)
    return silent_at


def _excuse(
    thresholds: Thresholds, now: int, openings: Openings | None, maintenance_until: int | None
) -> tuple[Excuse, int]:
    """Return the excuse of this moment and until when it holds."""
    if maintenance_until is not None and now < maintenance_until:
        return Excuse.MAINTENANCE, maintenance_until
    if openings is None:
        return Excuse.NONE, NEVER
    is_open, until = openings.at(now, thresholds.grace * _MINUTE)
    return (Excuse.NONE if is_open else Excuse.CLOSED), until


def _remember(
    memory: Memory, symptoms: frozenset[Cause], thresholds: Thresholds, now: int
) -> dict[Cause, Noticed]:
    """Carry the memory on: what is new waits for the delay, what is gone for the recovery."""
    after: dict[Cause, Noticed] = {}
    for cause in symptoms:
        before = memory.get(cause, Noticed(now, counts=False, over=None))
        lasted = now - before.since >= thresholds.delay * _SECOND
        after[cause] = Noticed(before.since, before.counts or lasted, None)
    for cause, before in memory.items():
        if cause in symptoms or not before.counts:
            continue
        over = now if before.over is None else before.over
        if now - over < thresholds.recover * _SECOND:
            after[cause] = Noticed(before.since, counts=True, over=over)
    return after


def _turns(memory: Memory, thresholds: Thresholds, now: int) -> Iterator[int]:
    """Yield when what is noticed begins to count, or is over."""
    yield NEVER
    for noticed in memory.values():
        if noticed.over is not None:
            yield max(now + 1, noticed.over + thresholds.recover * _SECOND)
        elif not noticed.counts:
            yield max(now + 1, noticed.since + thresholds.delay * _SECOND)


def _queue_turns(facts: Facts, thresholds: Thresholds, now: int) -> int:
    """Return when the oldest unsent tap will be old enough to say something of."""
    if facts.oldest is None:
        return NEVER
    turns = (facts.oldest + minutes * _MINUTE for minutes in (thresholds.queue, thresholds.stuck))
    return min((turn for turn in turns if turn > now), default=NEVER)


def _symptoms(facts: Facts, thresholds: Thresholds, memory: Memory, now: int) -> frozenset[Cause]:
    told = {FAULTS[fault] for fault in facts.faults if fault in FAULTS}
    if facts.reader not in {"ok", "", "starting"}:
        told.add(Cause.READER)
    if facts.display not in {"ok", ""}:
        told.add(Cause.DISPLAY)
    if any("parked" in fault for fault in facts.faults):
        told.add(Cause.PARKED)
    return frozenset(told.union(_measured(facts, thresholds, memory, now)))


def _measured(facts: Facts, thresholds: Thresholds, memory: Memory, now: int) -> Iterator[Cause]:
    waits = 0 if facts.oldest is None else now - facts.oldest
    if waits >= thresholds.stuck * _MINUTE:
        yield Cause.STUCK
    elif waits >= thresholds.queue * _MINUTE:
        yield Cause.QUEUE
    share = 100 * facts.refusals / facts.taps if facts.taps >= _FEW else 0
    for cause, name, value, limit in (
        (Cause.HOT, "hot", facts.temperature, thresholds.hot),
        (Cause.WARM, "warm", facts.temperature, thresholds.warm),
        (Cause.SIGNAL, "signal", None if facts.signal is None else -facts.signal, -thresholds.signal),
        (Cause.NEARLY_FULL, "disk", None if facts.disk_free is None else -facts.disk_free, -thresholds.disk),
        (Cause.WORN, "wear", facts.wear, thresholds.wear),
        (Cause.CARDS, "cards", facts.followed, thresholds.cards * 60),
        (Cause.CLOCK, "clock", abs(facts.offset) / _SECOND, thresholds.clock),
        (Cause.REFUSALS, "refusals", share, thresholds.refusals),
    ):
        margin = _MARGINS.get(name, 0) if cause in memory and memory[cause].counts else 0
        if value is not None and value >= limit - margin:
            yield cause
