"""What a pashouder saved and spent, line by line (rules 1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from server.checkins.models import LEDGER
from server.counters.models import Counter
from server.events.models import Event
from server.passholders.models import PassholderDetails
from server.registration.register import WELCOME
from server.web.i18n import Translator
from shared.domain.zones import from_millis


class Line(NamedTuple):
    """Points that came or, negative, went. location: empty where nobody knows."""

    title: str
    location: str
    at: datetime
    points: int


class History(NamedTuple):
    """Some lines, and how many there are in all."""

    total: int
    lines: Sequence[Line]


def history_of(
    session: Session, ref: int, _: Translator, *, start: int = 0, most: int, is_oldest_first: bool = False
) -> History:
    """Return the lines of somebody's ledger from the `start`-th on, the newest first."""
    entry = LEDGER.c
    own = entry.passholder_ref == ref
    total = session.exec(select(func.count()).select_from(LEDGER).where(own)).one()
    by = [entry.at, entry.checkin_id, entry.entry_id]
    query = (
        select(entry.at, entry.points, entry.reason, Event)
        .select_from(LEDGER)
        .outerjoin(Event, col(Event.id) == entry.event_id)
        .where(own)
        .order_by(*(by if is_oldest_first else (one.desc() for one in by)))
    )
    found = session.exec(query.offset(start).limit(most)).all()
    home = _where_registered(session, ref) if any(event is None for *_entry, event in found) else ""
    return History(
        total,
        [
            Line(*(_deed(event, _) if event else _other(reason, home, _)), from_millis(at), points)
            for at, points, reason, event in found
        ],
    )


def _deed(event: Event, _: Translator) -> tuple[str, str]:
    titles = event.titles
    title = titles.get(_.language) or titles.get("nl") or next(iter(titles.values()), "")
    return title, event.place_name or event.organizer_name


def _other(reason: str, home: str, _: Translator) -> tuple[str, str]:
    return _("Welkom bij UiTPAS") if reason == WELCOME else _("Punten"), home


def _where_registered(session: Session, ref: int) -> str:
    query = (
        select(Counter.name)
        .join(PassholderDetails, col(PassholderDetails.counter_id) == col(Counter.id))
        .where(PassholderDetails.passholder_ref == ref)
    )
    return session.exec(query).first() or ""
