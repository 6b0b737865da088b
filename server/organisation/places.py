"""The places whose people someone looks after, with their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from server.counters.reach import counters_in_reach, systems_in_reach
from server.organisation.membership import Member, Place, grantable, members
from server.staff.sessions import Acting

COUNTER: Final = "balie"
SYSTEM: Final = "kaartsysteem"
EVERYWHERE: Final = "overal"


@dataclass(frozen=True)
class NamedPlace:
    """A place as the pages know it. `name` is empty for everywhere."""

    place: Place
    kind: str
    name: str

    @property
    def path(self) -> str:
        """The last part of its address."""
        return f"{self.kind}/{self.place.id or 0}"


def places_in_reach(session: Session, acting: Acting) -> list[NamedPlace]:
    """Return everywhere (for who may), the card systems and the counters, each by name."""
    everywhere = [NamedPlace(Place(), EVERYWHERE, "")]
    systems = [
        NamedPlace(Place(card_system_id=one.id), SYSTEM, one.name)
        for one in systems_in_reach(session, acting)
    ]
    counters = [
        NamedPlace(Place(counter_id=one.id), COUNTER, one.name) for one in counters_in_reach(session, acting)
    ]
    return [one for one in (*everywhere, *systems, *counters) if grantable(acting.post, one.place)]


def find_place(session: Session, acting: Acting, kind: str, place_id: int) -> NamedPlace | None:
    """Return a place someone looks after; None when there is none, or it is not his."""
    path = f"{kind}/{place_id}"
    return next((one for one in places_in_reach(session, acting) if one.path == path), None)


def find_member(session: Session, place: Place, role_id: int) -> Member | None:
    """Return a member of a place by his function there."""
    return next((one for one in members(session, place) if one.role_id == role_id), None)
