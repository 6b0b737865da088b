"""Dutch, French and English on every page.

The Dutch sentence is its own key, so templates read as they show. `locale/<language>.po` holds
the other two and is read at start, without a compile step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import Request

SOURCE: Final = "nl"
LANGUAGES: Final = {"nl": "Nederlands", "fr": "Français", "en": "English"}
COOKIE: Final = "taal"
LOCALE: Final = Path(__file__).resolve().parent / "locale"


def later(text: str) -> str:
    """Mark a Dutch text in a table of data: it is translated where it is shown."""
    return text


@dataclass(frozen=True)
class Translator:
    """Says a Dutch sentence in `language`; `{name}` places are filled from keyword arguments."""

    language: str
    singles: Mapping[str, str] = field(default_factory=dict)
    plurals: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def __call__(self, text: str, /, **values: object) -> str:
        """Return the sentence; Dutch when it is not in the catalogue."""
        said = self.singles.get(text, text)
        return said.format(**values) if values else said

    def plural(self, one: str, many: str, n: int, **values: object) -> str:
        """Return the form for `n` things; `{n}` is filled in."""
        forms = self.plurals.get(one, (one, many))
        is_many = n > 1 if self.language == "fr" else n != 1
        return forms[is_many].format(n=n, **values)

    def decimal(self, value: float) -> str:
        """Return a number with at most two decimals, as the language writes it."""
        return format_decimal(value, "0.##", locale=self.language)


@cache
def translator(language: str) -> Translator:
    """Return the translator of one of `LANGUAGES`."""
    if language == SOURCE:
        return Translator(SOURCE)
    with (LOCALE / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language, abort_invalid=True)
    singles: dict[str, str] = {}
    plurals: dict[str, tuple[str, str]] = {}
    for message in catalogue:
        said = message.string
        if isinstance(message.id, (list, tuple)) and isinstance(said, (list, tuple)):
            plurals[message.id[0]] = (said[0], said[1])
        elif isinstance(message.id, str) and isinstance(said, str) and message.id:
            singles[message.id] = said
    return Translator(language, singles, plurals)


def language_of(request: Request) -> str:
    """Return the language of this visitor: the one chosen on the page, else the browser's, else Dutch."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    wishes = request.headers.get("accept-language", "").split(",")
    ranked = sorted(map(_weighted, wishes), key=lambda wish: -wish[1])
    return next((language for language, weight in ranked if weight > 0 and language in LANGUAGES), SOURCE)


def speak(request: Request) -> Translator:
    """Return the translator for this visitor."""
    return translator(language_of(request))


def _weighted(wish: str) -> tuple[str, float]:
    name, _, parameters = wish.strip().partition(";")
    quality = parameters.strip().removeprefix("q=")
    try:
        return name[:2].lower(), float(quality) if quality else 1.0
    except ValueError:
        return name[:2].lower(), 0.0
