"""What has to be there before the first point is saved, in the order in which it is made."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func
from sqlmodel import Session, col, select

from server.counters.reach import counters_in_reach, systems_in_reach
from server.events.models import Event, EventCardSystem
from server.kiosks.models import Kiosk
from server.kiosks.standing import kiosks_at
from server.organisation.membership import Place, members
from server.staff.roles import Permission
from server.staff.sessions import Acting


@dataclass(frozen=True)
class Step:
    """One thing to set up: how many there are, and where to go (empty: not a page, or not allowed)."""

    name: str
    count: int
    href: str
    is_next: bool = False


def steps_of(session: Session, acting: Acting) -> list[Step]:
    """Return the steps for the part this person looks after; the first that is not done is next."""
    counters = [counter.id or 0 for counter in counters_in_reach(session, acting)]
    systems = len(systems_in_reach(session, acting))
    may_make = acting.may(Permission.MAKE_CARD_SYSTEMS)
    everyone = sum(len(members(session, Place(counter_id=counter))) for counter in counters)
    kiosks = kiosks_at(session, counters)
    found = [
        ("card-system", systems, "/dashboard/instellingen/kaartsystemen" + ("/nieuw" if may_make else "")),
        ("counter", len(counters), "/dashboard/instellingen/balies/nieuw" if systems else ""),
        ("events", _events(session, acting.card_system_id), ""),
        ("members", everyone, "/dashboard/instellingen/mensen" if counters else ""),
        ("kiosk", len(kiosks), "/dashboard/zuilen/nieuw" if counters else ""),
        ("enrolled", _enrolled(session, kiosks), "/dashboard/zuilen" if kiosks else ""),
    ]
    first = next((name for name, count, _ in found if not count), None)
    return [Step(name, count, href, is_next=name == first) for name, count, href in found]


def _events(session: Session, card_system_id: int | None) -> int:
    query = select(func.count(col(Event.id)))
    if card_system_id is not None:
        query = select(func.count(col(EventCardSystem.event_id))).where(
            EventCardSystem.card_system_id == card_system_id
        )
    return session.exec(query).one()


def _enrolled(session: Session, kiosks: set[int]) -> int:
    query = select(func.count(col(Kiosk.number))).where(
        col(Kiosk.number).in_(kiosks), col(Kiosk.consumer_key).is_not(None)
    )
    return session.exec(query).one()
