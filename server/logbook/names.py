"""The present names of what deeds were done to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.events.models import Event
from server.kernel.audit import AuditEntry
from server.kiosks.models import Kiosk
from server.rewards.models import Reward
from server.staff.models import Staff

Subject = tuple[str, str]


def chosen_events(session: Session, entries: Iterable[AuditEntry]) -> Mapping[str, str]:
    """Return id -> title for the events in what was recorded."""
    ids = {str(entry.detail["event"]) for entry in entries if entry.detail.get("event")}
    found = session.exec(select(Event).where(col(Event.id).in_(ids)))
    return {event.id: _title(event) for event in found}


def _title(event: Event) -> str:
    return event.titles.get("nl") or next(iter(event.titles.values()), event.id)


def subject_names(session: Session, entries: Iterable[AuditEntry]) -> Mapping[Subject, str]:
    """Return (kind, id) -> name for the subjects that have one."""
    ids: dict[str, set[str]] = {}
    for entry in entries:
        ids.setdefault(entry.subject_kind, set()).add(entry.subject_id)
    names: dict[Subject, str] = {}
    for kind, id_column, name_column in (
        ("kiosk", col(Kiosk.number), col(Kiosk.name)),
        ("counter", col(Counter.id), col(Counter.name)),
        ("card_system", col(CardSystem.id), col(CardSystem.name)),
        ("reward", col(Reward.id), col(Reward.title)),
        ("staff", col(Staff.id), col(Staff.name)),
    ):
        numbers = [int(one) for one in ids.get(kind, ()) if one.isdecimal()]
        for number, name in session.exec(select(id_column, name_column).where(id_column.in_(numbers))):
            names[kind, str(number)] = name
    for event in session.exec(select(Event).where(col(Event.id).in_(ids.get("event", set())))):
        names["event", event.id] = _title(event)
    return names
