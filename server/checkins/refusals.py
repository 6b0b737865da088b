"""Why a row of a journal was refused, as a KSB reads it; what was kept is the sentence of a program."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from server.web.i18n import Translator


class Refusal(StrEnum):
    """The kinds of refusal of `server.checkins.taps.read_taps`."""

    BROKEN = "broken"
    FORMAT = "format"
    CLOCK = "clock"
    EVENT = "event"
    CARD = "card"
    SEALED = "sealed"
    OUTCOME = "outcome"


_MARKS: Final = (
    ("The clock of this tap", Refusal.CLOCK),
    ("The event of this tap", Refusal.EVENT),
    ("The card of this tap", Refusal.CARD),
    ("invalid literal for int()", Refusal.CARD),
    ("The sealed chip number", Refusal.SEALED),
    ("is not a valid Outcome", Refusal.OUTCOME),
    ("JSON is malformed", Refusal.BROKEN),
    ("Input data was truncated", Refusal.BROKEN),
    ("can't decode byte", Refusal.BROKEN),
)


def kind_of(reason: str) -> Refusal:
    """Return the kind of a refusal that was kept as `reason`; what is none of the others is a format."""
    return next((kind for mark, kind in _MARKS if mark in reason), Refusal.FORMAT)


def refusal_words(_: Translator) -> dict[Refusal, str]:
    """Return what each kind means for who reads it."""
    return {
        Refusal.BROKEN: _("De tik is beschadigd: ze is niet te lezen."),
        Refusal.FORMAT: _("De tik heeft een ander formaat dan deze server kent."),
        Refusal.CLOCK: _("De klok van de tik zegt geen tijd die kan."),
        Refusal.EVENT: _("De activiteit van de tik kan niet bestaan."),
        Refusal.CARD: _("De kaart van de tik kan niet bestaan."),
        Refusal.SEALED: _(
            "Het verzegelde chipnummer van de tik gaat niet open met de sleutel van deze server."
        ),
        Refusal.OUTCOME: _("De zuil gaf een antwoord dat deze server niet kent."),
    }
