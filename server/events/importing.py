"""Bring event documents into the database: repeatable, incremental, a hundred at a time.

A document is mapped, then compared by a hash of what it means here; an unchanged one costs its
share of one look-up. Points and limits are the KSB's and are never touched; an event that no
longer appears stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from server.events.jsonld import Reason
from server.events.repository import known_hashes, write_events
from server.events.sources import Document, UnchangedPage
from server.events.surroundings import Surroundings, read_surroundings
from server.events.udb3 import ImportedEvent, Refusal, UitpasReason, map_event
from server.kernel.database import Database
from shared.wire.mapping import calendar_to_message

BATCH: Final = 100


class Result(StrEnum):
    """What became of a document."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DOUBLE = "double"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What became of one document (of `count` documents for a page that did not change), and why."""

    name: str
    result: Result
    reasons: tuple[Reason, ...] = ()
    event: str | None = None
    uitpas: UitpasReason | None = None
    count: int = 1


@dataclass(slots=True)
class EventImport:
    """One run. `source` is kept with each event; `surroundings` are read at its start."""

    database: Database
    source: str
    now: datetime
    surroundings: Surroundings = field(init=False)
    _seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        with self.database.reading() as session:
            self.surroundings = read_surroundings(session)

    def run(self, documents: Iterable[Document | UnchangedPage]) -> Iterator[ReportLine]:
        """Import documents; yield a line for each, in order. Each hundred is committed by itself."""
        batch: list[tuple[str, ImportedEvent]] = []
        for document in documents:
            outcome = self._judge(document)
            if isinstance(outcome, ReportLine):
                yield outcome
                continue
            batch.append((document.name, outcome))
            if len(batch) == BATCH:
                yield from self._import(batch)
                batch = []
        yield from self._import(batch)

    def _judge(self, document: Document | UnchangedPage) -> ImportedEvent | ReportLine:
        if isinstance(document, UnchangedPage):
            return ReportLine(document.name, Result.UNCHANGED, count=document.members)
        if document.problem is not None:
            return ReportLine(document.name, Result.REFUSED, (document.problem,))
        event = map_event(document.content, self.surroundings.labels)
        if isinstance(event, Refusal):
            return ReportLine(document.name, Result.REFUSED, event.reasons, event.id)
        if event.id in self._seen:
            reason = Reason(
                "dubbel", "An earlier document of this run describes the same event; that one counts."
            )
            return ReportLine(document.name, Result.DOUBLE, (reason,), event.id)
        self._seen.add(event.id)
        return self.surroundings.complete(event)

    def _import(self, batch: list[tuple[str, ImportedEvent]]) -> Iterator[ReportLine]:
        rows = [_row(event) for _, event in batch]
        with self.database.reading() as session:
            known = known_hashes(session, [event.id for _, event in batch])
        fresh = [row for row in rows if known.get(row["id"]) != row["content_hash"]]
        if fresh:
            systems = {event.id: event.card_systems for _, event in batch}
            with self.database.writing() as session:
                write_events(session, fresh, systems, source=self.source, now=self.now)
        for (name, event), row in zip(batch, rows, strict=True):
            yield ReportLine(name, _result(known.get(event.id), row), event.remarks, event.id, event.uitpas)


def _result(known: str | None, row: dict[str, Any]) -> Result:
    if known is None:
        return Result.NEW
    return Result.UNCHANGED if known == row["content_hash"] else Result.CHANGED


def _row(event: ImportedEvent) -> dict[str, Any]:
    """Return the columns that a document decides, with the hash of them and of the card systems."""
    row = {
        "id": event.id,
        "titles": event.titles,
        "organizer_id": event.organizer_id,
        "organizer_name": event.organizer_name or "",
        "place_id": event.place_id,
        "place_name": event.place_name or "",
        "calendar": msgspec.to_builtins(calendar_to_message(event.calendar)),
        "calendar_kind": event.calendar.kind.value,
        "price_cents": event.price_cents,
        "labels": list(event.labels),
        "status": event.status.value,
    }
    meaning = msgspec.json.encode([row, sorted(event.card_systems)], order="deterministic")
    return row | {"content_hash": hashlib.blake2b(meaning, digest_size=16).hexdigest()}
