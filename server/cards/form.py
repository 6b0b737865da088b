"""The form of an order of cards, and states and faults in words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel

from server.cards.models import CardKind
from server.cards.ordering import MOST, Wanted
from server.cards.packages import Refusal
from server.cards.supplier import Fault
from server.web.i18n import Translator
from shared.domain.cardchecks import CardRefusal
from shared.domain.checkin import CardState

_COUNT: Final = re.compile(r"[0-9]{1,9}")


class OrderForm(BaseModel):
    """What was typed and chosen."""

    prefix: str = ""
    count: str = ""
    social_tariff: str = ""
    kind: str = CardKind.CARD
    sure: str = ""


def read_form(
    form: OrderForm, prefixes: Sequence[str], _: Translator
) -> tuple[Wanted | None, Mapping[str, str]]:
    """Return what was meant, or None and a sentence for each field that is wrong."""
    digits = form.count.strip()
    count = int(digits) if _COUNT.fullmatch(digits) else 0
    errors = {}
    if form.prefix not in prefixes:
        errors["prefix"] = _("Kies een prefix van dit kaartsysteem.")
    if not 0 < count <= MOST:
        errors["count"] = _("Vul een aantal in van 1 tot {most}.", most=MOST)
    if form.kind not in set(CardKind):
        errors["kind"] = _("Kies een drager uit de lijst.")
    if errors:
        return None, errors
    return Wanted(form.prefix, count, form.social_tariff == "yes", CardKind(form.kind)), {}


def kind_words(_: Translator) -> Mapping[CardKind, str]:
    """Return what can carry a number and be printed, in the order of the form."""
    return {CardKind.CARD: _("kaart"), CardKind.STICKER: _("sticker"), CardKind.KEY: _("sleutelhanger")}


def state_words(_: Translator) -> Mapping[CardState, str]:
    """Return the states of a card in the order of its life (rules 6.8)."""
    return {
        CardState.PROVISIONED: _("te drukken"),
        CardState.STOCK: _("in voorraad"),
        CardState.SENT_TO_BALIE: _("onderweg naar een balie"),
        CardState.LOCAL_STOCK: _("in voorraad bij een balie"),
        CardState.ACTIVE: _("in gebruik"),
        CardState.BLOCKED: _("geblokkeerd"),
        CardState.DELETED: _("vervallen"),
    }


def fault_words(_: Translator) -> Mapping[Fault, str]:
    """Return why a line of the supplier's list cannot be used."""
    return {
        Fault.NOT_TWO_COLUMNS: _("Een lijn heeft twee kolommen: chip en nummer."),
        Fault.BAD_CHIP: _("Dit is geen chipnummer van 14 tekens."),
        Fault.BAD_NUMBER: _("Dit is geen UiTPAS-nummer van 13 cijfers."),
        Fault.BAD_CHECK_DIGIT: _("Een cijfer klopt niet: het controlecijfer past niet bij de rest."),
        Fault.BAD_KANSEN_DIGIT: _("Het voorlaatste cijfer is 0 of 1."),
        Fault.OTHER_KANSEN_DIGIT: _("Dit nummer is besteld met het andere kansencijfer."),
        Fault.WRONG_PREFIX: _("De prefix is niet van dit kaartsysteem."),
        Fault.CHIP_TWICE: _("Deze chip staat twee keer in de lijst."),
        Fault.NUMBER_TWICE: _("Dit nummer staat twee keer in de lijst."),
        Fault.CHIP_TAKEN: _("Deze chip is al van een andere kaart."),
        Fault.NUMBER_TAKEN: _("Deze kaart heeft al een chip of wacht er niet meer op."),
        Fault.OTHER_SYSTEM: _("Dit nummer is van een ander kaartsysteem."),
    }


def refusal_words(_: Translator) -> Mapping[Refusal | CardRefusal, str]:
    """Return why a package does not move."""
    return {
        Refusal.UNKNOWN_CARD: _("Er is geen kaart met dit nummer."),
        Refusal.NO_PACKAGE: _("Deze kaart zit in geen pak."),
        Refusal.NOT_IN_STOCK: _("Dit pak is niet in voorraad: het is al bij een balie of onderweg."),
        Refusal.NOT_ON_THE_WAY: _("Dit pak is niet onderweg."),
        Refusal.NOT_AT_A_COUNTER: _("Dit pak is al in voorraad."),
        Refusal.OTHER_COUNTER: _("Dit pak is niet voor jouw balie."),
        CardRefusal.NOT_A_REGISTRATION_COUNTER: _("Deze balie mag geen pashouders registreren."),
        CardRefusal.NOT_AN_AUTHORISED_COUNTER: _(
            "Deze balie mag geen kansenstatuut toekennen en krijgt dus geen kaarten met kansentarief."
        ),
    }
