"""Bring event documents into the database: repeatable, incremental, a hundred at a time.

A document is mapped, then compared by a hash of what it means here; an unchanged one costs its
share of one look-up. Points and limits are the KSB's and are never touched; an event that no
longer appears stays.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from server.events.jsonld import Reason, fill
from server.events.repository import (
    known_hashes,
    missing_locations,
    recall_pages,
    remember_pages,
    write_events,
    write_locations,
)
from server.events.sources import (
    Document,
    SearchApi,
    SourceError,
    UnchangedPage,
    is_address,
    path_of,
    read_path,
)
from server.events.surroundings import Surroundings, read_surroundings
from server.events.udb3 import ImportedEvent, Refusal, UitpasReason, map_event
from server.feed.changes import kiosks_changed
from server.kernel.database import Database
from shared.domain.windows import last_day
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


_Judged = tuple[str, ImportedEvent | ReportLine]


@dataclass(slots=True)
class EventImport:
    """One run. `source` is kept with each event; `surroundings` are read at its start."""

    database: Database
    source: str
    now: datetime
    surroundings: Surroundings = field(init=False)
    _seen: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.database.reading() as session:
            self.surroundings = read_surroundings(session)

    def run(self, documents: Iterable[Document | UnchangedPage]) -> Iterator[ReportLine]:
        """Import documents; yield a line for each, in order. Each hundred is committed by itself.

        Raises:
            SourceError: the source broke off; what it gave before that is imported.
        """
        batch: list[_Judged] = []
        try:
            for document in documents:
                batch.append((document.name, self._judge(document)))
                if len(batch) == BATCH:
                    yield from self._import(batch)
                    batch = []
        except SourceError:
            yield from self._import(batch)
            raise
        yield from self._import(batch)

    def _judge(self, document: Document | UnchangedPage) -> ImportedEvent | ReportLine:
        if isinstance(document, UnchangedPage):
            return ReportLine(document.name, Result.UNCHANGED, count=document.members)
        if document.problem is not None:
            return ReportLine(document.name, Result.REFUSED, (document.problem,))
        event = map_event(document.content, self.surroundings.labels)
        if isinstance(event, Refusal):
            return ReportLine(document.name, Result.REFUSED, event.reasons, event.id)
        if (first := self._seen.get(event.id)) is not None:
            reason = Reason("dubbel", f"{first} describes the same event; that one counts.")
            return ReportLine(document.name, Result.DOUBLE, (reason,), event.id)
        self._seen[event.id] = document.name
        return self.surroundings.complete(event)

    def _import(self, batch: list[_Judged]) -> Iterator[ReportLine]:
        events = [outcome for _, outcome in batch if isinstance(outcome, ImportedEvent)]
        results = self._write(events) if events else {}
        for name, outcome in batch:
            if isinstance(outcome, ReportLine):
                yield outcome
            else:
                yield ReportLine(name, results[outcome.id], outcome.remarks, outcome.id, outcome.uitpas)

    def _write(self, events: list[ImportedEvent]) -> dict[str, Result]:
        rows = [_row(event) for event in events]
        told = {event.place_id: event.position for event in events if event.place_id and event.position}
        with self.database.reading() as session:
            known = known_hashes(session, [event.id for event in events])
            places = missing_locations(session, told)
        fresh = [row for row in rows if known.get(row["id"]) != row["content_hash"]]
        if fresh:
            systems = {event.id: event.card_systems for event in events}
            with self.database.writing() as session:
                kiosks = write_events(session, fresh, systems, source=self.source, now=self.now)
                if kiosks:
                    kiosks_changed(session, kiosks)
        if places:
            with self.database.writing() as session:
                write_locations(session, places)
        return {row["id"]: _result(known.get(row["id"]), row) for row in rows}


def import_source(
    database: Database,
    source: str,
    *,
    now: datetime,
    client_id: str = "",
    values: Mapping[str, str] | None = None,
) -> Iterator[ReportLine]:
    """Import a file, a folder or the address of a search API; yield a line for each document.

    client_id: of the search API. values: for `%{name}` placeholders in the documents.

    Raises:
        SourceError: the source cannot be read (further); what it gave before that is imported.
    """
    run = EventImport(database, source, now)
    if not is_address(source):
        yield from run.run(_filled(read_path(path_of(source)), values or {}))
        return
    fingerprint = run.surroundings.fingerprint
    with database.reading() as session:
        api = SearchApi(source, recall_pages(session, fingerprint), client_id)
    try:
        yield from run.run(_filled(api.read(), values or {}))
    except SourceError:
        _remember(database, fingerprint, api)
        raise
    _remember(database, fingerprint, api)


def _remember(database: Database, fingerprint: str, api: SearchApi) -> None:
    # Only now: every document of these pages has been imported.
    with database.writing() as session:
        remember_pages(session, fingerprint, api.learned)


def _filled(
    documents: Iterable[Document | UnchangedPage], values: Mapping[str, str]
) -> Iterator[Document | UnchangedPage]:
    for document in documents:
        if not values or isinstance(document, UnchangedPage):
            yield document
            continue
        try:
            yield replace(document, content=fill(document.content, values))
        except RecursionError:
            yield replace(document, problem=Reason("geen-json", "This JSON is nested too deep to fill in."))


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
        "status": event.offered.value,
    }
    meaning = msgspec.json.encode([row, sorted(event.card_systems)], order="deterministic")
    return row | {
        "content_hash": hashlib.blake2b(meaning, digest_size=16).hexdigest(),
        "last_day": last_day(event.calendar),
    }
