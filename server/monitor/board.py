"""The board: how many zuilen are how, and one page of them. The same few statements for 5 or 5,000."""

from __future__ import annotations

from collections import Counter as Tally
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlmodel import Session, col

from server.counters.models import Counter
from server.kiosks.finding import in_reach, mentioning, of_system
from server.kiosks.models import Kiosk, KioskCounter, KioskLive, KioskState
from server.kiosks.overview import JOURNAL, last_heard
from server.monitor.models import KioskTransition, KioskWatch
from shared.domain.watching import Cause, Excuse, State
from shared.domain.zones import from_millis, to_millis

PAGE: Final = 50
MOST_UNUSED: Final = 10
GRAVITY: Final = (State.ERROR, State.OFFLINE, State.BLOCKED, State.WARNING, State.OK)


class Sort(StrEnum):
    """In which order the list stands."""

    GRAVITY = "ernst"
    NAME = "naam"
    SINCE = "sinds"
    QUEUE = "wachtrij"


_Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class Wanted:
    """What to show. Empty or None: anything.

    reach: the card system that someone is bound to, None for everywhere; system narrows it further.
    state: one of `State`, or `excused` for what is closed or being worked on.
    """

    reach: int | None = None
    system: int | None = None
    counter: int | None = None
    state: str = ""
    search: str = ""
    sort: Sort = Sort.GRAVITY
    page: int = 1


EXCUSED: Final = "excused"


@dataclass(frozen=True)
class Row:
    """One zuil. Instants in milliseconds UTC; queue None while it never spoke.

    state: None of a zuil that was not judged yet: it waits for a device, or was enrolled just now.
    """

    kiosk: int
    name: str
    place: str
    state: State | None
    excuse: Excuse
    causes: tuple[Cause, ...]
    since: int
    heard: int
    queue: int | None
    version: str
    counters: tuple[str, ...] = ()


class Unused(NamedTuple):
    """A zuil that waits for a device: it never called, or was wiped. Nobody watches it."""

    kiosk: int
    name: str
    counters: tuple[str, ...]


@dataclass(frozen=True)
class Board:
    """A page of rows, and how many zuilen are how with the same filters but that on the state.

    unused: some of the zuilen that wait for a device; there are `unused_total`.
    """

    rows: Sequence[Row]
    counts: Mapping[str, int] = field(default_factory=dict)
    total: int = 0
    page: int = 1
    unused: Sequence[Unused] = ()
    unused_total: int = 0

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE))


def read_board(session: Session, wanted: Wanted) -> Board:
    """Return the board."""
    counts = _counts(session, wanted)
    total = counts.get(wanted.state, 0) if wanted.state else sum(counts.values())
    page = max(1, min(wanted.page, -(-total // PAGE)))
    query = _ordered(_rows().where(*_filters(wanted), *_state(wanted)), wanted.sort)
    found = session.execute(query.limit(PAGE).offset((page - 1) * PAGE)).all()
    names = counter_names(session, [row.number for row in found])
    unused, unused_total = _unused(session, wanted) if not wanted.state else ((), 0)
    return Board([_row(row, names) for row in found], counts, total, page, unused, unused_total)


def read_row(session: Session, reach: int | None, kiosk: int) -> Row | None:
    """Return one zuil, None when it is not there for this person; judged or not."""
    query = _rows(only_judged=False).where(*_filters(Wanted(reach=reach)), col(Kiosk.number) == kiosk)
    found = session.execute(query).first()
    return _row(found, counter_names(session, [kiosk])) if found else None


def newest_change(session: Session) -> int:
    """Return a number that grows with every change of a state: a board need not be read before it does."""
    return session.scalar(select(func.max(col(KioskTransition.id)))) or 0


def counter_names(session: Session, kiosks: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Return the names of the counters of each zuil."""
    query = (
        select(col(KioskCounter.kiosk), col(Counter.name))
        .join(Counter, col(Counter.id) == col(KioskCounter.counter_id))
        .where(col(KioskCounter.kiosk).in_(kiosks))
        .order_by(col(Counter.name))
    )
    names: defaultdict[int, list[str]] = defaultdict(list)
    for kiosk, name in session.execute(query):
        names[kiosk].append(name)
    return {kiosk: tuple(found) for kiosk, found in names.items()}


def _counts(session: Session, wanted: Wanted) -> dict[str, int]:
    query = (
        select(col(KioskWatch.state), col(KioskWatch.excuse), func.count())
        .join(Kiosk, col(Kiosk.number) == col(KioskWatch.kiosk))
        .where(*_filters(wanted))
        .group_by(col(KioskWatch.state), col(KioskWatch.excuse))
    )
    counts: Tally[str] = Tally()
    for state, excuse, count in session.execute(query):
        # What is wrong while a place is closed is nobody's alarm; what is right is just right.
        counts[EXCUSED if excuse and state != State.OK else str(state)] += count
    return dict(counts)


def _unused(session: Session, wanted: Wanted) -> tuple[Sequence[Unused], int]:
    """Return the first zuilen that wait for a device, and how many do."""
    waiting = select(col(Kiosk.number), col(Kiosk.name)).where(
        *_filters(wanted), col(Kiosk.state) == KioskState.NEW
    )
    total = session.scalar(select(func.count()).select_from(waiting.subquery())) or 0
    found = session.execute(waiting.order_by(col(Kiosk.number)).limit(MOST_UNUSED)).all() if total else []
    names = counter_names(session, [number for number, _ in found])
    return [Unused(number, name, names.get(number, ())) for number, name in found], total


def _rows(*, only_judged: bool = True) -> _Query:
    return (
        select(
            col(Kiosk.number),
            col(Kiosk.name),
            col(Kiosk.place),
            col(KioskWatch.state),
            col(KioskWatch.excuse),
            col(KioskWatch.causes),
            col(KioskWatch.since),
            col(KioskWatch.heard),
            col(KioskWatch.hung_up),
            col(Kiosk.heartbeat_seconds),
            JOURNAL.c.received,
            col(KioskLive.queue),
            col(KioskLive.version),
        )
        .join(KioskWatch, col(KioskWatch.kiosk) == col(Kiosk.number), isouter=not only_judged)
        .outerjoin(KioskLive, col(KioskLive.kiosk) == col(Kiosk.number))
        .outerjoin(JOURNAL, JOURNAL.c.kiosk == col(Kiosk.number))
    )


def _filters(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    # Who just went out of use leaves the board at once, not when it is judged next.
    found = [*in_reach(wanted.reach), col(Kiosk.state) != KioskState.REMOVED]
    if wanted.system is not None:
        found.append(of_system(wanted.system))
    if wanted.counter is not None:
        at = select(col(KioskCounter.kiosk)).where(col(KioskCounter.counter_id) == wanted.counter)
        found.append(col(Kiosk.number).in_(at))
    found.extend(mentioning(wanted.search))
    return found


def _state(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    if wanted.state == EXCUSED:
        return (col(KioskWatch.excuse) != "", col(KioskWatch.state) != State.OK)
    if wanted.state == State.OK:
        return (col(KioskWatch.state) == State.OK,)
    if wanted.state:
        return (col(KioskWatch.state) == wanted.state, col(KioskWatch.excuse) == "")
    return ()


def _ordered(query: _Query, sort: Sort) -> _Query:
    rank = case(
        *((col(KioskWatch.state) == state, place) for place, state in enumerate(GRAVITY)), else_=len(GRAVITY)
    )
    excused = case((col(KioskWatch.excuse) != "", 1), else_=0)
    orders: dict[Sort, tuple[Any, ...]] = {
        Sort.GRAVITY: (
            case((col(KioskWatch.state) == State.OK, 1), else_=excused),
            rank,
            col(KioskWatch.since),
        ),
        Sort.NAME: (func.lower(col(Kiosk.name)),),
        Sort.SINCE: (col(KioskWatch.since).desc(),),
        Sort.QUEUE: (func.coalesce(col(KioskLive.queue), 0).desc(),),
    }
    return query.order_by(*orders[sort], col(Kiosk.number))


def _row(found: Any, names: Mapping[int, tuple[str, ...]]) -> Row:  # noqa: ANN401 - a row of a query
    return Row(
        kiosk=found.number,
        name=found.name,
        place=found.place,
        state=State(found.state) if found.state else None,
        excuse=Excuse(found.excuse or ""),
        causes=tuple(Cause(cause) for cause in (found.causes or "").split(",") if cause),
        since=found.since or 0,
        heard=_heard(found),
        queue=found.queue,
        version=found.version or "",
        counters=names.get(found.number, ()),
    )


def _heard(found: Any) -> int:  # noqa: ANN401 - a row of a query
    if found.heard is None:
        return 0
    uploaded, hung_up = (None if at is None else from_millis(at) for at in (found.received, found.hung_up))
    return to_millis(last_heard(from_millis(found.heard), uploaded, hung_up, found.heartbeat_seconds))
