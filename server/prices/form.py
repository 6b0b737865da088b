"""The form of a price, and its parts in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from pydantic import BaseModel

from server.cards.form import kind_words
from server.cards.models import CardKind
from server.web.i18n import Translator
from server.web.money import euros, read_cents
from shared.domain.prices import OLDEST, PriceLine, PriceReason

LONGEST_LABEL: Final = 80
LONGEST_DESCRIPTION: Final = 300
_YES_NO: Final = {"": None, "yes": True, "no": False}
_AGE: Final = re.compile(r"[0-9]{1,3}")


class PriceForm(BaseModel):
    """What was typed and chosen. Empty: for everyone."""

    reason: str = PriceReason.FIRST_CARD
    price: str = ""
    age_from: str = ""
    age_to: str = ""
    unknown_age: str = ""
    social_tariff: str = ""
    resident: str = ""
    carrier: str = ""
    label: str = ""
    description: str = ""


def read_form(form: PriceForm, _: Translator) -> tuple[PriceLine | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong."""
    cents, first, last = read_cents(form.price), _age(form.age_from), _age(form.age_to)
    label, description = " ".join(form.label.split()), " ".join(form.description.split())
    errors = {}
    if form.reason not in set(PriceReason):
        errors["reason"] = _("Kies een reden uit de lijst.")
    if cents is None:
        errors["price"] = _("Vul een bedrag in, bijvoorbeeld 2 of 2,50.")
    if first == -1 or last == -1 or (first is not None and last is not None and first > last):
        errors["age_from"] = _("Vul een leeftijd in van 0 tot {most}, de laagste eerst.", most=OLDEST)
    if form.carrier not in {"", *CardKind} or not {form.social_tariff, form.resident} <= _YES_NO.keys():
        errors["carrier"] = _("Kies uit de lijsten.")
    if len(label) > LONGEST_LABEL or len(description) > LONGEST_DESCRIPTION:
        errors["label"] = _("Dat is te lang.")
    if errors or cents is None:
        return None, errors
    is_for_all = first is None and last is None
    return PriceLine(
        PriceReason(form.reason),
        cents,
        label,
        description,
        first,
        last,
        is_for_all or form.unknown_age == "yes",
        _YES_NO[form.social_tariff],
        _YES_NO[form.resident],
        form.carrier,
    ), {}


def read_day(text: str) -> date | None:
    """Read the day of a date field; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def reason_words(_: Translator) -> Mapping[PriceReason, str]:
    """Return why someone gets a card (rules 6.10b)."""
    return {
        PriceReason.FIRST_CARD: _("eerste kaart"),
        PriceReason.CARD_UPGRADE: _("zelfde kaart, nog een regio"),
        PriceReason.EXTRA_CARD: _("extra kaart van een andere regio"),
        PriceReason.LOSS_THEFT: _("verloren of gestolen"),
        PriceReason.DEFECT: _("defect"),
        PriceReason.REMOVAL: _("verhuisd"),
        PriceReason.LOSS_KANSENSTATUUT: _("kansenstatuut verloren"),
        PriceReason.OBTAIN_KANSENSTATUUT: _("kansenstatuut gekregen"),
    }


def for_whom(_: Translator, line: PriceLine) -> str:
    """Return for whom a price is, in words."""
    parts = [_ages(_, line)]
    if line.social_tariff is not None:
        parts.append(_("met kansentarief") if line.social_tariff else _("zonder kansentarief"))
    if line.is_resident is not None:
        parts.append(_("inwoners") if line.is_resident else _("niet-inwoners"))
    if line.carrier:
        parts.append(carrier_words(_)[line.carrier])
    return " · ".join(part for part in parts if part) or _("iedereen")


def carrier_words(_: Translator) -> Mapping[str, str]:
    """Return what a number can be on."""
    return {**{kind.value: word for kind, word in kind_words(_).items()}, "digital": _("digitaal")}


def line_words(_: Translator, line: PriceLine) -> tuple[str, str, str]:
    """Return reason, for whom, and the amount."""
    return reason_words(_)[line.reason], for_whom(_, line), euros(_, line.cents)


def _ages(_: Translator, line: PriceLine) -> str:
    if line.age_from is None and line.age_to is None:
        return ""
    if line.age_from is None:
        words = _("tot en met {age} jaar", age=line.age_to)
    elif line.age_to is None:
        words = _("vanaf {age} jaar", age=line.age_from)
    else:
        words = _("van {first} tot en met {last} jaar", first=line.age_from, last=line.age_to)
    return _("{ages}, of leeftijd onbekend", ages=words) if line.is_for_unknown_age else words


def _age(text: str) -> int | None:
    """Return an age, None for none, -1 for what is no age."""
    if not text.strip():
        return None
    return int(text) if _AGE.fullmatch(text.strip()) and int(text) <= OLDEST else -1
