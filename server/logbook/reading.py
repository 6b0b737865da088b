"""Find deeds in the audit trail, as far as someone may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlmodel import Session, col

from server.api.models import ApiClient
from server.counters.models import Counter, CounterCardSystem
from server.events.models import EventCardSystem
from server.grouppasses.models import GroupPass
from server.kernel.audit import AuditEntry
from server.kiosks.models import KioskCounter
from server.rewards.models import Reward
from server.staff.models import Staff, StaffRole
from shared.domain.zones import end_of_day, start_of_day

PAGE: Final = 50
SYSTEM: Final = "systeem"
"""Stands for the person when nobody logged in did it."""
_OF_PERSONS: Final = ("card", "checkin", "passholder")
_OF_PROGRAM: Final = ("release", "rollout")


@dataclass(frozen=True)
class Wanted:
    """What to look for. Empty or None: anything.

    person: the id of a member of staff, or `SYSTEM`. kind: of the subject. about: its id, or a word
    in what was recorded. first, last: Brussels days. before: the id of the oldest entry seen.
    """

    person: str = ""
    kind: str = ""
    about: str = ""
    first: date | None = None
    last: date | None = None
    before: str = ""


@dataclass(frozen=True)
class LogEntry:
    """One deed; `who` is None when nobody logged in did it."""

    entry: AuditEntry
    who: str | None


def read_entries(session: Session, card_system_id: int | None, wanted: Wanted) -> list[LogEntry]:
    """Return at most `PAGE` deeds, the newest first: those of a card system, or all with None."""
    query = (
        select(AuditEntry, col(Staff.name))
        .outerjoin(Staff, col(Staff.id) == col(AuditEntry.staff_id))
        .where(*_filters(wanted))
        .order_by(col(AuditEntry.id).desc())
        .limit(PAGE)
    )
    if card_system_id is not None:
        query = query.where(_concerns(card_system_id))
    return [LogEntry(entry, name) for entry, name in session.execute(query)]


def people(session: Session, card_system_id: int | None) -> list[Staff]:
    """Return whose deeds can be looked for, by name."""
    query = select(Staff).order_by(col(Staff.name))
    if card_system_id is not None:
        query = query.where(col(Staff.id).in_(_staff_of(card_system_id)))
    return list(session.scalars(query))


def _filters(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.person == SYSTEM:
        found.append(col(AuditEntry.staff_id).is_(None))
    elif wanted.person:
        found.append(col(AuditEntry.staff_id) == int(wanted.person))
    if wanted.kind:
        found.append(col(AuditEntry.subject_kind) == wanted.kind)
    if wanted.about:
        # JSON writes what is not ASCII in escapes on SQLite; ids and numbers, which this is for, are ASCII.
        word = wanted.about.lower()
        in_detail = cast(col(AuditEntry.detail), String).icontains(word, autoescape=True)
        found.append(or_(col(AuditEntry.subject_id) == wanted.about, in_detail))
    if wanted.first:
        found.append(col(AuditEntry.at) >= start_of_day(wanted.first))
    if wanted.last:
        found.append(col(AuditEntry.at) < end_of_day(wanted.last))
    if wanted.before:
        found.append(col(AuditEntry.id) < wanted.before)
    return found


def _concerns(card_system_id: int) -> ColumnElement[bool]:
    """Deeds on what belongs to a card system, at its counters, or of its people on persons' data."""
    counters = _counters_of(card_system_id)
    kiosks = select(cast(col(KioskCounter.kiosk), String)).where(col(KioskCounter.counter_id).in_(counters))
    events = select(col(EventCardSystem.event_id)).where(
        col(EventCardSystem.card_system_id) == card_system_id
    )
    staff = _staff_of(card_system_id)
    by_them = col(AuditEntry.staff_id).in_(staff)
    subjects: dict[str, Any] = {
        "card_system": [str(card_system_id)],
        "counter": _text(counters),
        "kiosk": kiosks,
        "event": events,
        "group_pass": _text(select(col(GroupPass.id)).where(col(GroupPass.card_system_id) == card_system_id)),
        "reward": _text(select(col(Reward.id)).where(col(Reward.card_system_id) == card_system_id)),
        "staff": _text(staff),
        "api_client": select(col(ApiClient.id)).where(col(ApiClient.card_system_id) == card_system_id),
    }
    about = [
        and_(col(AuditEntry.subject_kind) == kind, col(AuditEntry.subject_id).in_(ids))
        for kind, ids in subjects.items()
    ]
    on_persons = and_(col(AuditEntry.subject_kind).in_(_OF_PERSONS), by_them)
    # What the server itself did with a roll-out is told to everyone: it may concern their zuilen.
    on_program = and_(
        col(AuditEntry.subject_kind).in_(_OF_PROGRAM), or_(by_them, col(AuditEntry.staff_id).is_(None))
    )
    return or_(*about, col(AuditEntry.counter_id).in_(counters), on_persons, on_program)


def _counters_of(card_system_id: int) -> Any:  # noqa: ANN401 - a subquery, whose type SQLAlchemy keeps to itself
    return (
        select(col(Counter.id))
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(Counter.id))
        .where(col(CounterCardSystem.card_system_id) == card_system_id)
    )


def _staff_of(card_system_id: int) -> Any:  # noqa: ANN401 - as above
    return select(col(StaffRole.staff_id)).where(
        or_(
            col(StaffRole.card_system_id) == card_system_id,
            col(StaffRole.counter_id).in_(_counters_of(card_system_id)),
        )
    )


def _text(ids: Any) -> Any:  # noqa: ANN401 - as above
    inner = ids.subquery()
    return select(cast(inner.c[0], String))
