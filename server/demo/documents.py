"""UiTdatabank documents of events that are going on around `now`, in all four kinds of calendar.

They take the same road into the database as any other: `server.events.importing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from shared.domain.zones import BRUSSELS

BASE: Final = "https://io.uitdatabank.be"
WEEK: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Site:
    """An organiser or place in UiTdatabank; a place has its degrees."""

    id: str
    name: str
    latitude: float = 0
    longitude: float = 0


TEST_ORGANISER: Final = Site(
    "0ce87cbc-9299-4528-8d35-92225dc9489f", "UiTPAS Organisatie (Regio Gent + Paspartoe)"
)
HALL: Final = Site("6f1f9a52-1f5e-4b57-9a3e-8f4d0b6a2c01", "De Grote Zaal", 51.0474, 3.7315)
LIBRARY: Final = Site("2b7c1c1e-9a10-4c55-8d7e-5f0a3d9e7b02", "Bibliotheek De Sleutel", 51.0533, 3.7205)
THEATRE: Final = Site("9d3e5f70-52b6-4d0f-8c1a-7e2b4a6c8d03", "Theater De Lantaarn", 51.0612, 3.7442)


def documents(now: datetime) -> list[dict[str, Any]]:
    """Return the demo's events as seen at `now`; the ids stay the same, the dates move along."""
    at = now.astimezone(BRUSSELS).replace(minute=0, second=0, microsecond=0)
    return [
        _event(
            "4d0c1c6a-2f37-4b7e-9a57-0c3f1e5b7a11",
            ("Muziekinstuif voor iedereen", "Après-midi musical pour tous", "Music afternoon for everyone"),
            TEST_ORGANISER,
            HALL,
            {"calendarType": "single", **_span(at - timedelta(hours=1), at + timedelta(hours=2))},
        ),
        _event(
            "7a9b2e14-6c58-4f0d-b1c3-2d4e6f8a9b12",
            (
                "Dansles: van tango tot twist",
                "Cours de danse : du tango au twist",
                "Dance class: tango to twist",
            ),
            TEST_ORGANISER,
            HALL,
            {
                "calendarType": "multiple",
                "subEvent": [
                    _span(at + timedelta(days=days, hours=1), at + timedelta(days=days, hours=3))
                    for days in (-7, 0, 7, 14)
                ],
            },
        ),
        _event(
            "5a0967f9-cc06-4c3c-9206-30481a767434",
            ("Open atelier", "Atelier ouvert", "Open studio"),
            TEST_ORGANISER,
            HALL,
            {"calendarType": "permanent", "openingHours": [_hours(WEEK, "00:00", "23:59")]},
        ),
        _event(
            "d83b5b8a-108a-45d6-9ac9-8bdc44a0a24a",
            ("Leesclub in de bib", "Club de lecture à la bibliothèque", "Reading club at the library"),
            LIBRARY,
            LIBRARY,
            {
                "calendarType": "periodic",
                "startDate": (at - timedelta(days=30)).isoformat(),
                "endDate": (at + timedelta(days=60)).isoformat(),
                "openingHours": [_hours(WEEK, "09:00", "21:00")],
            },
        ),
        _event(
            "c81e4a3d-0b6f-4e92-a7d5-3f6b8c0d1e13",
            ("Filmavond onder de sterren", "Soirée cinéma sous les étoiles", "Film night under the stars"),
            THEATRE,
            HALL,
            {
                "calendarType": "single",
                **_span(at + timedelta(days=1, hours=2), at + timedelta(days=1, hours=4)),
            },
        ),
        _event(
            "373d6cee-b4ae-4637-9b7c-eeb79e45f044",
            ("Poppentheater voor kleuters", "Marionnettes pour les petits", "Puppet theatre for toddlers"),
            THEATRE,
            THEATRE,
            {"calendarType": "single", **_span(at, at + timedelta(hours=2))},
        ),
    ]


def _event(
    cdbid: str, names: tuple[str, str, str], organiser: Site, place: Site, calendar: dict[str, Any]
) -> dict[str, Any]:
    return {
        "@id": f"{BASE}/event/{cdbid}",
        "@context": "/contexts/event",
        "mainLanguage": "nl",
        "name": dict(zip(("nl", "fr", "en"), names, strict=True)),
        "organizer": {"@id": f"{BASE}/organizer/{organiser.id}", "name": {"nl": organiser.name}},
        "location": {
            "@id": f"{BASE}/place/{place.id}",
            "name": {"nl": place.name},
            "geo": {"latitude": place.latitude, "longitude": place.longitude},
        },
        "labels": ["uitpas-gent", "paspartoe"] if organiser is TEST_ORGANISER else ["uitpas-gent"],
        "priceInfo": [
            {"category": "base", "name": {"nl": "Basistarief"}, "price": 8, "priceCurrency": "EUR"}
        ],
        "workflowStatus": "APPROVED",
        **calendar,
    }


def _span(start: datetime, end: datetime) -> dict[str, Any]:
    return {"startDate": start.isoformat(), "endDate": end.isoformat()}


def _hours(days: tuple[str, ...], opens: str, closes: str) -> dict[str, Any]:
    return {"dayOfWeek": list(days), "opens": opens, "closes": closes}
