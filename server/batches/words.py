"""Deeds, what became of them, and faults in a table, in words."""

from __future__ import annotations

from collections.abc import Mapping

from server.batches.deeds import Became, Deed, command_of
from server.batches.progress import Stand
from server.batches.table import Column, Fault, hours_lines
from server.monitor.hours import HoursError, read_form
from server.web.i18n import Translator
from server.web.words import command_word, mode_word
from shared.domain.modes import Mode


def deed_word(_: Translator, deed: Deed) -> str:
    """Return a deed as it stands beside its box."""
    kind = command_of(deed)
    if kind is not None:
        return command_word(_, kind)
    words = {
        Deed.QR_ON: _("QR-code tonen"),
        Deed.QR_OFF: _("Geen QR-code tonen"),
        Deed.LANGUAGES: _("Talen op het scherm kiezen"),
        Deed.MODE: _("Modus kiezen"),
        Deed.EVENT: _("Een activiteit kiezen"),
        Deed.AUTOMATIC: _("Automatisch: de zuil kiest zelf de activiteit die bezig is"),
        Deed.BETA: _("Nieuwe versies eerder geven (bèta)"),
        Deed.STABLE: _("Nieuwe versies pas later geven (stabiel)"),
        Deed.MAINTENANCE: _("Onderhoud melden"),
    }
    return words[deed]


def became_words(_: Translator) -> Mapping[Became, str]:
    """Return what became of a deed at a zuil."""
    return {
        Became.DONE: _("gedaan"),
        Became.SAME: _("was al zo"),
        Became.NOT_IN_USE: _("niet in gebruik"),
        Became.ORDERED: _("was al gevraagd en nog niet gedaan"),
        Became.NOT_THEIRS: _("geen activiteit van haar balies"),
    }


def stand_words(_: Translator) -> Mapping[Stand, str]:
    """Return how far a zuil is with a deed."""
    return {
        Stand.FAILED: _("niet gelukt"),
        Stand.WAITING: _("wacht op de zuil"),
        Stand.LATER: _("geldt zodra ze in gebruik is"),
        Stand.UNCHANGED: _("niets veranderd"),
        Stand.CONFIRMED: _("gedaan en bevestigd"),
    }


def column_words(_: Translator) -> Mapping[Column, str]:
    """Return what belongs in each column of a table."""
    modes = ", ".join(f"{mode.value} ({mode_word(_, mode)})" for mode in Mode)
    return {
        Column.NUMBER: _("het nummer van de zuil; leeg voor een nieuwe"),
        Column.NAME: _("de naam, hoogstens 40 tekens"),
        Column.PLACE: _("waar ze staat, hoogstens 80 tekens"),
        Column.COUNTERS: _("de namen van haar balies, met | ertussen"),
        Column.MODE: _("waarvoor ze dient: {modes}", modes=modes),
        Column.QR: _("of ze een QR-code toont: ja of nee"),
        Column.LANGUAGES: _("de talen op haar scherm: nl, fr en en, met een komma ertussen"),
        Column.RESULT: _("hoelang een antwoord blijft staan, 1 tot 10 seconden"),
        Column.LEASE: _("hoeveel dagen ze zonder server werkt, 1 tot 365"),
        Column.HOURS: _("bijvoorbeeld “ma-vr 9:00-17:30 | zo gesloten”"),
    }


def fault_sentence(_: Translator, fault: Fault, cell: str) -> str:
    """Return why what stands in a cell of a table cannot be used."""
    if fault is Fault.HOURS:
        try:
            read_form(hours_lines(cell))
        except HoursError as error:
            example = _("Schrijf bijvoorbeeld “ma-vr 9:00-17:30 | zo gesloten”.")
            return _("“{line}” begrijpen we niet.", line=error.line) + " " + example
    return fault_words(_)[fault]


def fault_words(_: Translator) -> Mapping[Fault, str]:
    """Return why a line of a table cannot be used."""
    return {
        Fault.NUMBER: _("Je hebt geen zuil met dit nummer."),
        Fault.TWICE: _("Deze zuil stond al op een vorige lijn."),
        Fault.NAME: _("Een zuil heeft een naam van hoogstens 40 tekens."),
        Fault.PLACE: _("De plaats is langer dan 80 tekens."),
        Fault.COUNTER: _("Je hebt geen balie met deze naam."),
        Fault.NO_COUNTER: _("Een nieuwe zuil heeft minstens één balie nodig."),
        Fault.MODE: _("Deze modus bestaat niet."),
        Fault.QR: _("Vul bij qr ja of nee in."),
        Fault.LANGUAGE: _("Talen zijn nl, fr en en, met een komma ertussen."),
        Fault.RESULT: _("Een antwoord blijft 1 tot 10 seconden staan."),
        Fault.LEASE: _("Zonder server werkt een zuil 1 tot 365 dagen."),
        Fault.HOURS: _("Deze openingsuren begrijpen we niet. Zet | tussen de regels."),
        Fault.WIDE: _(
            "Deze lijn heeft meer vakken dan de eerste lijn: er staat een scheidingsteken te veel."
        ),
    }
