"""Where pashouders live: every place of Belgium belongs to a municipality (rules 4.6, 4.10).

What comes along covers the regions with a UiTPAS; `zuil-server places import` takes the whole list of
bpost, a CSV file with the columns Postcode, Plaatsnaam and Hoofdgemeente.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.passholders.models import Place
from server.passholders.names import words_of

ABROAD: Final = "BUITENLAND"
"""The municipality of who lives in another country."""
ABROAD_POSTCODE: Final = "0000"
POSTCODE_DIGITS: Final = 4
_COLUMNS: Final = {
    "postcode": "postcode",
    "plaatsnaam": "name",
    "name": "name",
    "hoofdgemeente": "municipality",
    "municipality": "municipality",
}


class PlacesError(ValueError):
    """A list of places cannot be used; the text is one sentence."""


def read_places(lines: Iterable[str]) -> Iterator[Place]:
    """Yield the places of a CSV file with `;` or `,` between its columns.

    Raises:
        PlacesError: a column is missing, or a line is not about a place.
    """
    rows = iter(lines)
    header = next(rows, "")
    apart = ";" if ";" in header else ","
    names = [
        _COLUMNS.get(name.strip().casefold(), "") for name in next(csv.reader([header], delimiter=apart), [])
    ]
    missing = {"postcode", "name", "municipality"} - set(names)
    if missing:
        raise PlacesError("The first line has to name the columns Postcode, Plaatsnaam and Hoofdgemeente.")
    for number, cells in enumerate(csv.reader(rows, delimiter=apart), 2):
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name}
        if not any(row.values()):
            continue
        if not row.get("municipality") or not row.get("name") or not _is_postcode(row.get("postcode", "")):
            raise PlacesError(f"Line {number} is not about a place.")
        yield Place(**{**row, "municipality": _capitals(row["municipality"]), "name": _capitals(row["name"])})


def put_places(session: Session, places: Iterable[Place]) -> int:
    """Let these be all places there are; return how many."""
    found = {(place.postcode, place.name): place for place in places}
    session.execute(delete(Place))
    session.add_all(found.values())
    return len(found)


def find_place(session: Session, postcode: str, name: str) -> Place | None:
    """Return the place that is meant: by its own name or that of its municipality, accents ignored."""
    return pick_place(places_at(session, postcode), name)


def pick_place(places: Sequence[Place], name: str) -> Place | None:
    """Return which of the places with a postcode is meant."""
    wanted = words_of(name)
    return next(
        (one for one in places if wanted in (words_of(one.name), words_of(one.municipality))),
        places[0] if not wanted and len({one.municipality for one in places}) == 1 else None,
    )


def places_at(session: Session, postcode: str) -> list[Place]:
    """Return the places with a postcode, by name."""
    return list(session.exec(select(Place).where(Place.postcode == postcode).order_by(col(Place.name))))


def municipalities(session: Session) -> list[str]:
    """Return the names of all municipalities in order."""
    query = select(Place.municipality).distinct().order_by(col(Place.municipality))
    return list(session.exec(query))


def _is_postcode(text: str) -> bool:
    return len(text) == POSTCODE_DIGITS and text.isdecimal()


def _capitals(name: str) -> str:
    """Return a name as people write it; bpost writes municipalities in capitals."""
    return "-".join(part.capitalize() for part in name.split("-")) if name.isupper() else name
