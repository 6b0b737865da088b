"""The form of a card system: what was typed, what it means, what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel
from sqlmodel import Session, select

from server.cardsystems.labels import KNOWN_SYSTEMS, SWITCH_OFF_LABEL, KnownSystem, normal_label
from server.cardsystems.models import CardSystem
from server.web.i18n import Translator

LONGEST_NAME: Final = 60
HIGHEST_ID: Final = 2**31 - 1
_PREFIX: Final = re.compile(r"0\d{4}")


class CardSystemForm(BaseModel):
    """What was typed. Labels and prefixes are apart by commas, spaces or lines."""

    number: str = ""
    name: str = ""
    labels: str = ""
    prefixes: str = ""
    permanent: str = ""


@dataclass(frozen=True)
class Wanted:
    """A card system as it should be."""

    id: int
    name: str
    labels: tuple[str, ...]
    prefixes: tuple[str, ...]
    permanent: bool


def form_of(system: CardSystem | KnownSystem | None) -> CardSystemForm:
    """Return the form filled in with what is known of a card system; None: an empty one."""
    if system is None:
        return CardSystemForm(permanent="yes")
    form = CardSystemForm(
        number=str(system.id), name=system.name, labels="\n".join(system.labels), permanent="yes"
    )
    if isinstance(system, CardSystem):
        form.prefixes = " ".join(system.prefixes)
        form.permanent = "yes" if system.permanent else ""
    return form


def known_systems_left(session: Session) -> list[KnownSystem]:
    """Return the card systems with a published id that are not here yet, by name."""
    here = set(session.exec(select(CardSystem.id)))
    return sorted((one for one in KNOWN_SYSTEMS if one.id not in here), key=lambda one: one.name)


def read_form(
    session: Session, form: CardSystemForm, _: Translator, *, present: CardSystem | None = None
) -> tuple[Wanted | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong.

    present: the card system that is changed; its number stays.
    """
    others = [one for one in session.exec(select(CardSystem)) if present is None or one.id != present.id]
    number = present.id if present else _number(form.number)
    name = " ".join(form.name.split())
    labels, prefixes = _words(form.labels.casefold()), _words(form.prefixes)
    sentences = {
        "number": _number_wrong(number, others, _),
        "name": _name_wrong(name, others, _),
        "labels": _labels_wrong(labels, others, _),
        "prefixes": _prefixes_wrong(prefixes, others, _),
    }
    errors = {field: sentence for field, sentence in sentences.items() if sentence}
    if errors or number is None:
        return None, errors
    return Wanted(number, name, labels, prefixes, form.permanent == "yes"), {}


def _number(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isdecimal() and 0 < int(digits[:12]) <= HIGHEST_ID else None


def _number_wrong(number: int | None, others: Sequence[CardSystem], _: Translator) -> str:
    if number is None:
        return _("Vul het nummer in dat UiTPAS aan het kaartsysteem gaf, bijvoorbeeld 5.")
    taken = next((one.name for one in others if one.id == number), None)
    return _("Nummer {number} is al van {name}.", number=number, name=taken) if taken is not None else ""


def _name_wrong(name: str, others: Sequence[CardSystem], _: Translator) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        return _("Geef het kaartsysteem een naam van hoogstens {n} tekens.", n=LONGEST_NAME)
    if any(one.name.casefold() == name.casefold() for one in others):
        return _("Er is al een kaartsysteem met deze naam.")
    return ""


def _labels_wrong(labels: Sequence[str], others: Sequence[CardSystem], _: Translator) -> str:
    if SWITCH_OFF_LABEL in labels:
        return _(
            "“{label}” zet UiTPAS uit en kan geen label van een kaartsysteem zijn.", label=SWITCH_OFF_LABEL
        )
    for one in others:
        for label in labels:
            if label in map(normal_label, one.labels):
                return _("Het label “{label}” is al van {name}.", label=label, name=one.name)
    return ""


def _prefixes_wrong(prefixes: Sequence[str], others: Sequence[CardSystem], _: Translator) -> str:
    for prefix in prefixes:
        if _PREFIX.fullmatch(prefix) is None:
            return _("“{prefix}” is geen prefix: dat zijn vijf cijfers en het eerste is 0.", prefix=prefix)
        for one in others:
            if prefix in one.prefixes:
                return _("De prefix {prefix} is al van {name}.", prefix=prefix, name=one.name)
    return ""


def _words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.split(r"[\s,;]+", text.strip()))) if text.strip() else ()
