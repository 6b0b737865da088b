"""How zuilen are doing, as the balie and the KSB see it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import Row, Select, column, func, table
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from server.counters.models import Counter
from server.events.models import Event
from server.kiosks.choices import window_now_or_next
from server.kiosks.finding import in_reach, mentioning
from server.kiosks.models import FormerDevice, Kiosk, KioskCounter, KioskLive, KioskState
from shared.domain.zones import from_millis, to_millis

# How far each journal is: a check-in's own table, of which only these two numbers are wanted here.
JOURNAL: Final = table("kiosk_journal", column("kiosk"), column("top_seq"), column("received"))
PAGE: Final = 50
LATE_AFTER_HEARTBEATS: Final = 2
SILENT_AFTER: Final = timedelta(minutes=15)
CLOCK_TOLERANCE_MS: Final = 60_000


class Health(StrEnum):
    """What a zuil needs from us, from nothing to everything. GONE: its event stream closed just now."""

    FINE = "fine"
    GONE = "gone"
    LATE = "late"
    SILENT = "silent"
    FAULT = "fault"
    NEW = "new"
    BLOCKED = "blocked"
    REMOVED = "removed"


class Following(StrEnum):
    """Whether the zuil shows what its counter chose."""

    AUTOMATIC = "automatic"
    SHOWN = "shown"
    ON_ITS_WAY = "on-its-way"
    OUT_OF_REACH = "out-of-reach"
    OUTSIDE_WINDOW = "outside-window"


@dataclass(frozen=True)
class KioskView:
    """One zuil with its live state.

    live: None until it first speaks. arrived: the highest row of its journal at the server; uploaded:
    when its last upload came.
    shown: the event it shows now, None also when it stopped.
    """

    kiosk: Kiosk
    counters: tuple[Counter, ...]
    live: KioskLive | None
    shown: Event | None
    chosen: Event | None
    is_chosen_open: bool
    arrived: int
    uploaded: datetime | None
    health: Health

    @property
    def number(self) -> int:
        """The zuil's number."""
        return self.kiosk.number or 0

    @property
    def last_contact(self) -> datetime | None:
        """When it was last heard, whatever it said."""
        if self.live is None:
            return self.uploaded
        seconds = self.kiosk.heartbeat_seconds
        return last_heard(self.live.last_contact, self.uploaded, self.live.hung_up, seconds)

    @property
    def waiting(self) -> int:
        """How many taps it has yet to send; what came after its last heartbeat is not waiting any more."""
        if self.live is None or self.arrived >= int(self.live.heartbeat.get("last_seq", 0)):
            return 0
        return self.live.queue

    @property
    def faults(self) -> tuple[str, ...]:
        """What the zuil itself says is wrong, in its own words."""
        return faults_of(self.live)

    @property
    def selection(self) -> str:
        """Why the zuil shows this event (`shared.domain.selection.SelectionReason`), empty when unknown."""
        return str(self.live.heartbeat.get("selection", "")) if self.live else ""

    @property
    def clock_is_off(self) -> bool:
        """Whether the zuil's own clock is more than a minute wrong."""
        return self.clock_offset_ms is not None and abs(self.clock_offset_ms) > CLOCK_TOLERANCE_MS

    @property
    def clock_offset_ms(self) -> int | None:
        """How far the zuil's own clock is from ours, see `own_clock_offset`."""
        return own_clock_offset(self.live)

    @property
    def following(self) -> Following:
        """How far the counter's choice has come."""
        if self.chosen is None:
            return Following.AUTOMATIC
        if self.live is not None and self.live.event_id == self.chosen.id:
            return Following.SHOWN
        if not self.is_chosen_open:
            return Following.OUTSIDE_WINDOW
        if self.health is not Health.FINE:
            return Following.OUT_OF_REACH
        return Following.ON_ITS_WAY


def health_of(kiosk: Kiosk, live: KioskLive | None, now: datetime) -> Health:
    """Judge a zuil by its state and what it last said."""
    fixed = {
        KioskState.BLOCKED: Health.BLOCKED,
        KioskState.REMOVED: Health.REMOVED,
        KioskState.NEW: Health.NEW,
    }
    if kiosk.state in fixed:
        return fixed[KioskState(kiosk.state)]
    if live is None or now - live.last_contact > SILENT_AFTER:
        return Health.SILENT
    if is_late(kiosk, live, now):
        return Health.LATE
    if live.hung_up is not None:
        return Health.GONE
    return Health.FAULT if faults_of(live) else Health.FINE


def is_late(kiosk: Kiosk, live: KioskLive, now: datetime) -> bool:
    """Tell whether two heartbeats of a zuil did not come."""
    return now - live.last_contact > timedelta(seconds=kiosk.heartbeat_seconds * LATE_AFTER_HEARTBEATS)


def last_heard(
    heartbeat: datetime, uploaded: datetime | None, hung_up: datetime | None, heartbeat_seconds: int
) -> datetime:
    """Return when a zuil was last heard: by a heartbeat, an upload, or the stream that it closed.

    A line that was cut is closed here only when the network gives it up, which may take a quarter of an
    hour: so that counts no later than the heartbeat that did not come.
    """
    due = heartbeat + timedelta(seconds=heartbeat_seconds)
    return max(heartbeat, uploaded or heartbeat, min(hung_up or heartbeat, due))


def has_stopped(kiosk: Kiosk) -> bool:
    """Tell whether a zuil takes no cards any more, whatever it last said of itself."""
    if kiosk.wiped_at is not None or kiosk.state == KioskState.REMOVED:
        return True
    return kiosk.state != KioskState.ACTIVE and kiosk.told_at is not None


def own_clock_offset(live: KioskLive | None) -> int | None:
    """Return how many milliseconds a zuil's own clock is behind ours, before its correction; None if unknown.

    A device of another make says nothing of its clock. What is left after its correction is in
    `KioskLive.clock_offset_ms`.
    """
    if live is None:
        return None
    clock = live.heartbeat.get("clock", {})
    if clock.get("boot") == "":
        return None
    wall = clock.get("wall")
    return live.clock_offset_ms if wall is None else to_millis(live.last_contact) - int(wall)


def faults_of(live: KioskLive | None) -> tuple[str, ...]:
    """Return the faults in the last heartbeat; reader and display only when they are not fine."""
    if live is None:
        return ()
    parts = (("reader", live.heartbeat.get("reader")), ("display", live.heartbeat.get("display")))
    broken = tuple(f"{part}: {state}" for part, state in parts if state not in (None, "", "ok"))
    return (*broken, *map(str, live.heartbeat.get("faults", ())))


def kiosks_of_counter(session: Session, counter_id: int, now: datetime) -> list[KioskView]:
    """Return the zuilen a counter manages (rules 8.1), removed ones left out."""
    numbers = select(KioskCounter.kiosk).where(KioskCounter.counter_id == counter_id)
    return _views(session, kiosks_found(None, "").where(col(Kiosk.number).in_(numbers)), now)


class Found(NamedTuple):
    """A page of the zuilen that were looked for, and how many there are in all."""

    views: list[KioskView]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


def find_kiosks(
    session: Session, reach: int | None, search: str, page: int, now: datetime, *, retired: bool = False
) -> Found:
    """Return a page of the zuilen within reach (`server.kiosks.finding`) in which every word occurs.

    retired: those that are out of use for good, instead of the others.
    """
    found = kiosks_retired(reach, search) if retired else kiosks_found(reach, search)
    total = session.exec(select(func.count()).select_from(found.subquery())).one()
    page = max(1, min(page, -(-total // PAGE)))
    return Found(_views(session, found.limit(PAGE).offset((page - 1) * PAGE), now), total, page)


def kiosks_found(reach: int | None, search: str) -> SelectOfScalar[Kiosk]:
    """Return the query of the zuilen within reach in which every word occurs, by number."""
    query = select(Kiosk).where(Kiosk.state != KioskState.REMOVED, *in_reach(reach), *mentioning(search))
    return query.order_by(col(Kiosk.number))


def kiosks_retired(reach: int | None, search: str) -> SelectOfScalar[Kiosk]:
    """Return the query of the zuilen that are out of use for good; a device that was replaced is none."""
    query = select(Kiosk).where(
        Kiosk.state == KioskState.REMOVED,
        col(Kiosk.number).not_in(select(FormerDevice.kiosk)),
        *in_reach(reach),
        *mentioning(search),
    )
    return query.order_by(col(Kiosk.number).desc())


def is_retired(session: Session, reach: int | None, number: int) -> bool:
    """Tell whether this is a zuil within reach that is out of use for good."""
    return session.exec(kiosks_retired(reach, "").where(Kiosk.number == number)).first() is not None


def find_kiosk(session: Session, reach: int | None, number: int, now: datetime) -> KioskView | None:
    """Return one zuil within reach, None when it is not there."""
    found = _views(session, kiosks_found(reach, "").where(Kiosk.number == number), now)
    return found[0] if found else None


def kiosks_named(session: Session, names: Sequence[str], now: datetime) -> list[KioskView]:
    """Return the zuilen with these names."""
    return _views(session, kiosks_found(None, "").where(col(Kiosk.name).in_(names)), now)


def _views(session: Session, query: SelectOfScalar[Kiosk], now: datetime) -> list[KioskView]:
    kiosks = session.exec(query).all()
    numbers = [kiosk.number or 0 for kiosk in kiosks]
    lives = {
        live.kiosk: live for live in session.exec(select(KioskLive).where(col(KioskLive.kiosk).in_(numbers)))
    }
    wanted = {kiosk.manual_event_id for kiosk in kiosks} | {live.event_id for live in lives.values()}
    beside = _Beside(
        lives=lives,
        events=_events(session, wanted),
        counters=_counters(session, numbers),
        journals={row.kiosk: row for row in session.execute(_journals(numbers))},
    )
    return [_view(kiosk, beside, now) for kiosk in kiosks]


class _Beside(NamedTuple):
    """What a view takes from beside the zuil itself, by zuil or by event."""

    lives: Mapping[int, KioskLive]
    events: Mapping[str, Event]
    counters: Mapping[int, tuple[Counter, ...]]
    journals: Mapping[int, Row[Any]]


def _view(kiosk: Kiosk, beside: _Beside, now: datetime) -> KioskView:
    number = kiosk.number or 0
    live = beside.lives.get(number)
    chosen = beside.events.get(kiosk.manual_event_id or "")
    journal = beside.journals.get(number)
    return KioskView(
        kiosk=kiosk,
        counters=beside.counters.get(number, ()),
        live=live,
        shown=beside.events.get(live.event_id or "") if live and not has_stopped(kiosk) else None,
        chosen=chosen,
        is_chosen_open=chosen is not None and window_now_or_next(chosen, now)[1],
        arrived=journal.top_seq if journal else 0,
        uploaded=from_millis(journal.received) if journal and journal.received else None,
        health=health_of(kiosk, live, now),
    )


def _journals(numbers: Sequence[int]) -> Select[Any]:
    return sql_select(JOURNAL).where(JOURNAL.c.kiosk.in_(numbers))


def _events(session: Session, ids: Iterable[str | None]) -> dict[str, Event]:
    wanted = [event_id for event_id in ids if event_id is not None]
    return {event.id: event for event in session.exec(select(Event).where(col(Event.id).in_(wanted)))}


def _counters(session: Session, numbers: Sequence[int]) -> dict[int, tuple[Counter, ...]]:
    query = (
        select(KioskCounter.kiosk, Counter)
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(col(KioskCounter.kiosk).in_(numbers))
        .order_by(col(Counter.name))
    )
    by_kiosk: defaultdict[int, list[Counter]] = defaultdict(list)
    for number, counter in session.exec(query):
        by_kiosk[number].append(counter)
    return {number: tuple(counters) for number, counters in by_kiosk.items()}
