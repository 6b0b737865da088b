"""From one UiTdatabank JSON-LD document to an event, or to clear reasons why not. Pure.

Documents are taken as they come: names as a string or per language, an organiser that is
translated or missing, a place without an id, labels in two lists, prices in two shapes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from server.cardsystems.labels import PUBLISHED_INDEX, LabelledSystems, systems_of_labels
from server.events.jsonld import (
    Reason,
    UnusableError,
    as_list,
    as_object,
    by_language,
    clean_text,
    clean_texts,
    one_text,
    placeholders,
    quoted,
    resource_id,
)
from server.events.udb3_calendar import CalendarReading, read_calendar, status_type
from shared.domain.calendars import Calendar

_USED: Final = (
    "@id",
    "id",
    "cdbid",
    "name",
    "mainLanguage",
    "location",
    "organizer",
    "calendarType",
    "calendar",
    "startDate",
    "endDate",
    "subEvent",
    "timeSpans",
    "timestamps",
    "openingHours",
    "openingHoursAdjustedDays",
    "labels",
    "hiddenLabels",
    "priceInfo",
    "bookingInfo",
    "status",
    "workflowStatus",
)
_GONE: Final = ("deleted", "rejected")
_POLE: Final = 90
_HIGHEST_PRICE: Final = Decimal(1_000_000)


class EventStatus(StrEnum):
    """Whether points can be saved on the event at all; only an available one is offered."""

    AVAILABLE = "available"
    POSTPONED = "postponed"
    CANCELLED = "cancelled"
    NO_UITPAS = "no_uitpas"
    """It takes place, but no card system has it (rules 3.1, 3.3, 15.1c)."""


class UitpasReason(StrEnum):
    """Why an event is, or is not, a UiTPAS event (rules 3.2, 3.3, 15.1b-c)."""

    LABELS = "labels"
    """It carries the label of a card system."""
    ORGANIZER_LABELS = "organizer_labels"
    """Its organiser carries one, and it has a base price."""
    ORGANIZER = "organizer"
    """Its organiser is one of our counters, and it has a base price."""
    SWITCHED_OFF = "switched_off"
    NO_ORGANIZER = "no_organizer"
    NO_PRICE = "no_price"
    NO_CARD_SYSTEM = "no_card_system"


@dataclass(frozen=True, slots=True)
class ImportedEvent:
    """What a document says about one event.

    id: cdbid. titles: language -> text, at least one. price_cents: base price, None when not given.
    labels: visible and hidden ones. card_systems: ids; `uitpas` says why these, or why none.
    status: what the document says of it; `offered` also looks at the card systems.
    remarks: what was filled in or left out. position: latitude and longitude of the place, when told.
    """

    id: str
    titles: dict[str, str]
    calendar: Calendar
    status: EventStatus
    organizer_id: str | None
    organizer_name: str | None
    place_id: str | None
    place_name: str | None
    price_cents: int | None
    labels: tuple[str, ...]
    card_systems: frozenset[int]
    uitpas: UitpasReason
    remarks: tuple[Reason, ...] = ()
    position: tuple[float, float] | None = None

    @property
    def offered(self) -> EventStatus:
        """Return the status under which zuilen and counters get the event."""
        without = self.status is EventStatus.AVAILABLE and not self.card_systems
        return EventStatus.NO_UITPAS if without else self.status


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that cannot be used: every reason found, and the event's id when it has one."""

    reasons: tuple[Reason, ...]
    id: str | None = None


def map_event(document: object, index: Mapping[str, int] = PUBLISHED_INDEX) -> ImportedEvent | Refusal:
    """Map one decoded document. `index` is label -> card system (`server.cardsystems.labels.label_index`)."""
    if not isinstance(document, dict):
        return Refusal((Reason("geen-object", "The document is not a JSON object."),))
    left = placeholders({key: document.get(key) for key in _USED})
    if left:
        names = ", ".join(left)
        return Refusal((Reason("plaatshouder", f"These placeholders were not filled in: {names}."),))
    reasons = _refusals(document)
    calendar, calendar_reasons = _calendar(document)
    reasons += calendar_reasons
    event_id = resource_id(document)
    if reasons or event_id is None or calendar is None:
        return Refusal(tuple(reasons), event_id)
    return _event(event_id, document, calendar, index)


def _refusals(document: Mapping[str, object]) -> list[Reason]:
    reasons = []
    kind = clean_text(document.get("@type"))
    if kind and kind.casefold() != "event":
        reasons.append(Reason("geen-activiteit", f"This document describes a {kind[:40]}, not an event."))
    if resource_id(document) is None:
        reasons.append(Reason("geen-id", "The document has no usable id (`@id`)."))
    if not by_language(document.get("name"), "nl"):
        reasons.append(Reason("geen-titel", "The event has no name."))
    if clean_text(document.get("workflowStatus")).casefold() == "draft":
        reasons.append(Reason("ontwerp", "The event is still a draft."))
    return reasons


def _calendar(document: Mapping[str, object]) -> tuple[CalendarReading | None, list[Reason]]:
    try:
        return read_calendar(document), []
    except UnusableError as error:
        return None, [error.reason]


def _event(
    event_id: str, document: Mapping[str, object], reading: CalendarReading, index: Mapping[str, int]
) -> ImportedEvent:
    language = clean_text(document.get("mainLanguage")) or "nl"
    organizer, place = as_object(document.get("organizer")), as_object(document.get("location"))
    remarks = list(reading.remarks)
    price = _price(document, remarks)
    labels = clean_texts([*as_list(document.get("labels")), *as_list(document.get("hiddenLabels"))])
    organizer_id = resource_id(organizer)
    systems, uitpas = _card_systems(
        systems_of_labels(labels, index), _organizer_labels(organizer, index), organizer_id, price, remarks
    )
    if place and resource_id(place) is None:
        remarks.append(
            Reason("plaats-zonder-id", "The place has no id: only the organiser's zuilen get this event.")
        )
    return ImportedEvent(
        id=event_id,
        titles=by_language(document.get("name"), language),
        calendar=reading.calendar,
        status=_status(document, reading),
        organizer_id=organizer_id,
        organizer_name=one_text(organizer.get("name"), language),
        place_id=resource_id(place),
        place_name=one_text(place.get("name"), language),
        price_cents=price,
        labels=labels,
        card_systems=systems,
        uitpas=uitpas,
        remarks=tuple(remarks),
        position=_position(as_object(place.get("geo"))),
    )


def _position(geo: Mapping[str, object]) -> tuple[float, float] | None:
    """Return latitude and longitude; what is no place on earth is not told."""
    latitude, longitude = geo.get("latitude"), geo.get("longitude")
    if not isinstance(latitude, (int, float)) or not isinstance(longitude, (int, float)):
        return None
    is_somewhere = abs(latitude) <= _POLE and abs(longitude) <= 2 * _POLE and (latitude, longitude) != (0, 0)
    return (float(latitude), float(longitude)) if is_somewhere else None


def _status(document: Mapping[str, object], reading: CalendarReading) -> EventStatus:
    gone = clean_text(document.get("workflowStatus")).casefold() in _GONE
    if gone or reading.cancelled or status_type(document) == "unavailable":
        return EventStatus.CANCELLED
    postponed = status_type(document) == "temporarilyunavailable"
    return EventStatus.POSTPONED if postponed else EventStatus.AVAILABLE


def _organizer_labels(organizer: Mapping[str, object], index: Mapping[str, int]) -> frozenset[int]:
    labels = clean_texts([*as_list(organizer.get("labels")), *as_list(organizer.get("hiddenLabels"))])
    return systems_of_labels(labels, index).systems


def _card_systems(
    labelled: LabelledSystems,
    of_organizer: frozenset[int],
    organizer_id: str | None,
    price: int | None,
    remarks: list[Reason],
) -> tuple[frozenset[int], UitpasReason]:
    """Return the card systems and why: the event's own labels count first, then those of its organiser."""
    if labelled.unowned:
        names = ", ".join(labelled.unowned)
        remarks.append(Reason("label-zonder-kaartsysteem", f"No card system here has the label {names}."))
    if labelled.switched_off:
        return frozenset(), UitpasReason.SWITCHED_OFF
    if labelled.systems:
        return labelled.systems, UitpasReason.LABELS
    if organizer_id is None:
        return frozenset(), UitpasReason.NO_ORGANIZER
    if price is None:
        return frozenset(), UitpasReason.NO_PRICE
    reason = UitpasReason.ORGANIZER_LABELS if of_organizer else UitpasReason.NO_CARD_SYSTEM
    return of_organizer, reason


def _price(document: Mapping[str, object], remarks: list[Reason]) -> int | None:
    """Return the base price in cents: of `priceInfo`, else of the booking information of event or place."""
    for info in map(as_object, as_list(document.get("priceInfo"))):
        if clean_text(info.get("category")).casefold() == "base":
            return _cents(info.get("price"), remarks)
    place = as_object(document.get("location"))
    for whose, booking in (("event", document.get("bookingInfo")), ("place", place.get("bookingInfo"))):
        for info in map(as_object, as_list(booking)):
            if info.get("price") is not None:
                remarks.append(
                    Reason("prijs-uit-reservatie", f"The price is from the {whose}'s booking information.")
                )
                return _cents(info["price"], remarks)
    return None


def _cents(price: object, remarks: list[Reason]) -> int | None:
    try:
        amount = Decimal(
            str(price).strip().replace(",", ".") if isinstance(price, (str, int, float)) else "none"
        )
        usable = 0 <= amount <= _HIGHEST_PRICE
    except InvalidOperation:
        usable = False
    if not usable:
        remarks.append(Reason("ongeldige-prijs", f"{quoted(price)} is not a price."))
        return None
    return int((amount * 100).quantize(Decimal(1)))
