"""The form of a group pass, and refusals in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Final

from pydantic import BaseModel

from server.grouppasses.making import CardFault, PassFacts
from server.kernel.addresses import is_email
from server.web.i18n import Translator
from shared.domain.grouppasses import GroupPassRefusal

LONGEST: Final = 80
MOST_TICKETS: Final = 100_000
_COUNT: Final = re.compile(r"[0-9]{1,6}")
_POSTCODE: Final = re.compile(r"[1-9][0-9]{3}")


class PassForm(BaseModel):
    """What was typed. number: only of a new one. kind: `tariff` or empty."""

    number: str = ""
    name: str = ""
    kind: str = ""
    tickets: str = ""
    until: str = ""
    postcode: str = ""
    city: str = ""
    street: str = ""
    email: str = ""
    telephone: str = ""


def form_of(facts: PassFacts, number: str) -> PassForm:
    """Return the form filled in with what a group pass is."""
    return PassForm(
        number=number,
        name=facts.name,
        kind="" if facts.tickets_per_year is None else "tariff",
        tickets="" if facts.tickets_per_year is None else str(facts.tickets_per_year),
        until=facts.tariff_end.isoformat() if facts.tariff_end else "",
        postcode=facts.postcode,
        city=facts.city,
        street=facts.street,
        email=facts.email,
        telephone=facts.telephone,
    )


def read_form(form: PassForm, _: Translator) -> tuple[PassFacts | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong."""
    tickets = int(form.tickets) if _COUNT.fullmatch(form.tickets.strip()) else -1
    has_tariff, email = form.kind == "tariff", form.email.strip()
    until = _day(form.until)
    texts = {name: " ".join(getattr(form, name).split()) for name in ("name", "city", "street", "telephone")}
    errors = {name: _("Dat is te lang.") for name, text in texts.items() if len(text) > LONGEST}
    if not texts["name"]:
        errors["name"] = _("Geef de groep een naam.")
    if has_tariff and not 0 < tickets <= MOST_TICKETS:
        errors["tickets"] = _("Vul een aantal in van 1 tot {most}.", most=MOST_TICKETS)
    if has_tariff and form.until and until is None:
        errors["until"] = _("Dit is geen dag.")
    if _POSTCODE.fullmatch(form.postcode.strip()) is None:
        errors["postcode"] = _("Een postcode heeft vier cijfers.")
    if not texts["city"]:
        errors["city"] = _("Vul de gemeente in.")
    if email and (len(email) > LONGEST or not is_email(email)):
        errors["email"] = _("Dit is geen e-mailadres. Het lijkt op naam@voorbeeld.be.")
    if errors:
        return None, errors
    return PassFacts(
        name=texts["name"],
        postcode=form.postcode.strip(),
        city=texts["city"],
        street=texts["street"],
        email=email,
        telephone=texts["telephone"],
        tickets_per_year=tickets if has_tariff else None,
        tariff_end=until if has_tariff else None,
    ), {}


def card_fault_words(_: Translator) -> Mapping[CardFault, str]:
    """Return why a card cannot become a group pass."""
    return {
        CardFault.UNKNOWN: _("Er is geen kaart met dit nummer in dit kaartsysteem."),
        CardFault.NOT_IN_STOCK: _("Deze kaart is niet in voorraad bij een balie."),
        CardFault.ONLY_WITH_TARIFF: _("Deze kaart is voor een groepspas met kansentarief."),
        CardFault.ONLY_WITHOUT_TARIFF: _("Deze kaart is voor een groepspas zonder kansentarief."),
    }


def refusal_words(_: Translator) -> Mapping[GroupPassRefusal, str]:
    """Return why a group gets no tickets."""
    return {
        GroupPassRefusal.NOT_IN_USE: _("Deze groepspas is geblokkeerd."),
        GroupPassRefusal.NO_TARIFF: _("Deze groepspas heeft geen kansentarief."),
        GroupPassRefusal.EXPIRED: _("Het kansentarief van deze groepspas is verlopen."),
        GroupPassRefusal.TOO_MANY: _("Zoveel tickets zijn er dit jaar niet meer over."),
        GroupPassRefusal.NONE_ASKED: _("Vul in hoeveel tickets de groep neemt."),
    }


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
