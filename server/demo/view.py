"""What the demo shows beside the zuilen: the cards, and what the server makes of each tap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.checkins.models import Checkin, Verdict
from server.demo.cards import CARDS, DemoCard
from server.events.models import Event
from server.kiosks.models import Kiosk
from server.kiosks.overview import KioskView, kiosks_named
from server.passholders.models import Passholder
from shared.domain.outcomes import Outcome, Tone
from shared.domain.zones import from_millis

LATEST: Final = 9


@dataclass(frozen=True)
class TrayCard:
    """A card of the tray, with its holder's name and balance now; None when it is in nobody's name."""

    card: DemoCard
    system: str
    holder: str | None
    points: int | None


@dataclass(frozen=True)
class Arrival:
    """A check-in as the server has it. `differs`: the zuil showed something else than the server decided."""

    id: str
    at: datetime
    where: str
    who: str
    event: Event | None
    shown: Outcome
    decided: Outcome
    points: int

    @property
    def differs(self) -> bool:
        """Whether zuil and server came to another outcome."""
        return self.shown != self.decided

    @property
    def tone(self) -> Tone:
        """How the server's outcome is shown."""
        return self.decided.tone


def tray(session: Session) -> list[TrayCard]:
    """Return the test set as it is in the database now, in its own order."""
    numbers = [card.number for card in CARDS]
    rows = session.exec(
        select(Card.uitpas_number, CardSystem.name, Passholder)
        .join(CardSystem, col(CardSystem.id) == col(Card.card_system_id))
        .outerjoin(Passholder, col(Passholder.ref) == col(Card.passholder_ref))
        .where(col(Card.uitpas_number).in_(numbers))
    )
    found = {number: (system, holder) for number, system, holder in rows}
    return [_tray_card(card, *found[card.number]) for card in CARDS if card.number in found]


def latest(session: Session) -> list[Arrival]:
    """Return the check-ins that came in last, the newest first."""
    rows = session.exec(
        select(Checkin, Event, Passholder, Kiosk.name)
        .outerjoin(Event, col(Event.id) == col(Checkin.event_id))
        .outerjoin(Passholder, col(Passholder.ref) == col(Checkin.passholder_ref))
        .outerjoin(Kiosk, col(Kiosk.number) == col(Checkin.kiosk))
        .order_by(col(Checkin.received).desc(), col(Checkin.seq).desc())
        .limit(LATEST)
    )
    return [_arrival(checkin, event, holder, kiosk) for checkin, event, holder, kiosk in rows]


def known_zuilen(session: Session, names: Sequence[str]) -> Mapping[str, KioskView]:
    """Return each demo zuil as the server knows it, by name."""
    return {view.kiosk.name: view for view in kiosks_named(session, names, datetime.now(UTC))}


def _tray_card(card: DemoCard, system: str, holder: Passholder | None) -> TrayCard:
    name = f"{holder.first_name} {holder.last_name}" if holder else None
    return TrayCard(card, system, name, holder.points if holder else None)


def _arrival(checkin: Checkin, event: Event | None, holder: Passholder | None, kiosk: str | None) -> Arrival:
    granted = checkin.verdict == Verdict.GRANTED
    return Arrival(
        id=checkin.id,
        at=from_millis(checkin.at),
        where=kiosk or checkin.source,
        who=f"{holder.first_name} {holder.last_name}" if holder else checkin.uitpas_number or "",
        event=event,
        shown=Outcome(checkin.shown),
        decided=Outcome(checkin.outcome),
        points=checkin.points if granted else 0,
    )
