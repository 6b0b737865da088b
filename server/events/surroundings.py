"""What decides, beside a document itself, which card systems its event belongs to."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from server.cardsystems.labels import label_index
from server.cardsystems.models import CardSystem
from server.counters.models import Counter, CounterCardSystem
from server.events.udb3 import ImportedEvent, UitpasReason

READING: Final = 2
"""How this program reads documents; raised when that changes, so that every page is read again."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Label -> card system, and organiser -> the card systems of its counter."""

    labels: Mapping[str, int]
    organizers: Mapping[str, frozenset[int]]

    @property
    def fingerprint(self) -> str:
        """Return a short hash that changes when any document may have to be read differently."""
        organizers = {name: sorted(systems) for name, systems in self.organizers.items()}
        facts = [READING, dict(self.labels), organizers]
        return hashlib.blake2b(msgspec.json.encode(facts, order="deterministic"), digest_size=8).hexdigest()

    def complete(self, event: ImportedEvent) -> ImportedEvent:
        """Give an event without labels the card systems of its organiser's counter (rules 3.3, 15.1b)."""
        systems = self.organizers.get(event.organizer_id or "")
        if event.uitpas is not UitpasReason.NO_CARD_SYSTEM or not systems:
            return event
        return replace(event, card_systems=systems, uitpas=UitpasReason.ORGANIZER)


def read_surroundings(session: Session) -> Surroundings:
    """Return the labels and counters of this moment."""
    systems = session.execute(select(col(CardSystem.id), col(CardSystem.labels))).all()
    members = (
        select(col(Counter.organizer_id), col(CounterCardSystem.card_system_id))
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(Counter.id))
        .where(col(Counter.organizer_id).is_not(None))
    )
    organizers: dict[str, set[int]] = defaultdict(set)
    for organizer, system in session.execute(members):
        organizers[organizer].add(system)
    return Surroundings(
        label_index((system, labels) for system, labels in systems),
        {organizer: frozenset(found) for organizer, found in organizers.items()},
    )
