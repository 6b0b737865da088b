"""States and causes in words, and what to do about each: plain enough for who never saw a zuil open."""

from __future__ import annotations

from server.monitor.board import EXCUSED, Sort
from server.monitor.timeline import Kind
from server.web.i18n import Translator
from shared.domain.watching import Cause, Excuse, State

TONES: dict[str, str] = {
    State.OK: "good",
    State.WARNING: "calm",
    State.ERROR: "bad",
    State.OFFLINE: "bad",
    State.BLOCKED: "bad",
    EXCUSED: "info",
}


def state_word(_: Translator, state: str) -> str:
    """Return a state in one or two words; `excused` too."""
    words: dict[str, str] = {
        State.OK: _("In orde"),
        State.WARNING: _("Let op"),
        State.ERROR: _("Storing"),
        State.OFFLINE: _("Niet verbonden"),
        State.BLOCKED: _("Geblokkeerd"),
        EXCUSED: _("Gesloten of in onderhoud"),
    }
    return words[state]


def excuse_word(_: Translator, excuse: Excuse) -> str:
    """Return why a state is no alarm."""
    words = {
        Excuse.NONE: "",
        Excuse.CLOSED: _("de plaats is gesloten"),
        Excuse.MAINTENANCE: _("er wordt aan gewerkt"),
    }
    return words[excuse]


def cause_word(_: Translator, cause: Cause) -> str:
    """Return what is wrong, in a few words."""
    words = {
        Cause.BLOCKED: _("Geblokkeerd"),
        Cause.SILENT: _("Laat niets van zich horen"),
        Cause.STORAGE: _("Kan niet meer schrijven"),
        Cause.READER: _("De kaartlezer werkt niet"),
        Cause.RELEASE: _("Een nieuwe versie loopt slecht"),
        Cause.LEASE: _("Te lang zonder server"),
        Cause.ENROLMENT: _("Niet aangemeld"),
        Cause.FULL: _("De SD-kaart is vol"),
        Cause.HOT: _("Veel te warm"),
        Cause.STUCK: _("Tikken blijven steken"),
        Cause.POWER: _("Te weinig stroom"),
        Cause.DISPLAY: _("Het scherm werkt niet"),
        Cause.LIGHTS: _("De lampjes werken niet"),
        Cause.SETTINGS: _("Een instelling klopt niet"),
        Cause.SLOW: _("De SD-kaart is traag"),
        Cause.QUEUE: _("Tikken wachten al een tijd"),
        Cause.CARDS: _("Kaarten zijn verouderd"),
        Cause.CLOCK: _("De klok wijkt af"),
        Cause.WARM: _("Aan de warme kant"),
        Cause.SIGNAL: _("Zwakke wifi"),
        Cause.NEARLY_FULL: _("De SD-kaart raakt vol"),
        Cause.WORN: _("De SD-kaart is versleten"),
        Cause.REFUSALS: _("Veel geweigerde kaarten"),
        Cause.PARKED: _("Tikken die de server niet kan lezen"),
    }
    return words[cause]


def advice(_: Translator, cause: Cause) -> str:
    """Return what to do about it, first the simplest."""
    words = {
        Cause.BLOCKED: _("Iemand blokkeerde deze zuil. Deblokkeren kan op haar eigen pagina."),
        Cause.SILENT: _(
            "Kijk of de zuil stroom heeft en of de netwerkkabel of wifi werkt. Bezoekers kunnen intussen"
            " gewoon sparen als het scherm nog aan is: de zuil onthoudt alles."
        ),
        Cause.STORAGE: _(
            "De zuil neemt geen kaarten meer aan. Start ze opnieuw; helpt dat niet, vervang de SD-kaart."
        ),
        Cause.READER: _("Kijk of de kabel van de lezer vastzit en start de zuil opnieuw."),
        Cause.RELEASE: _(
            "De uitrol is vanzelf gestopt: geen enkele andere zuil krijgt deze versie. Kijk bij Versies wat"
            " er misging."
        ),
        Cause.LEASE: _("De zuil hoorde de server te lang niet en stopte. Herstel haar netwerk."),
        Cause.ENROLMENT: _("Maak een nieuwe code en meld het toestel aan."),
        Cause.FULL: _("Vraag de technieker om plaats te maken of de SD-kaart te vervangen."),
        Cause.HOT: _("Zet de zuil uit de zon en maak de verluchting vrij."),
        Cause.STUCK: _("De zuil kan haar tikken niet afgeven. Kijk naar haar netwerk en haar logregels."),
        Cause.POWER: _("Gebruik de voeding die bij de zuil hoort, met een korte kabel."),
        Cause.DISPLAY: _("Sparen gaat nog, maar niemand ziet het. Kijk naar de kabel van het scherm."),
        Cause.LIGHTS: _("Sparen gaat nog. Kijk naar de aansluiting van de lampjes."),
        Cause.SETTINGS: _("De zuil kent een instelling niet; ze draait wellicht een oudere versie."),
        Cause.SLOW: _("Een trage SD-kaart is vaak een kaart op haar einde: leg een nieuwe klaar."),
        Cause.QUEUE: _("De verbinding is traag of valt weg. Er gaat niets verloren."),
        Cause.CARDS: _("De zuil kreeg al een tijd geen nieuwe kaarten door. Kijk naar haar netwerk."),
        Cause.CLOCK: _("De zuil rekent zelf met de tijd van de server; kijk of het netwerk NTP doorlaat."),
        Cause.WARM: _("Let erop dat de zuil niet in de zon staat."),
        Cause.SIGNAL: _("Zet de zuil dichter bij het toegangspunt, of geef haar een kabel."),
        Cause.NEARLY_FULL: _("Er is nog plaats; vraag de technieker om eens te kijken."),
        Cause.WORN: _("Vervang de SD-kaart bij het volgende bezoek."),
        Cause.REFUSALS: _("Kijk of de juiste activiteit gekozen is."),
        Cause.PARKED: _("Geef dit door aan het algemeen beheer: de tikken zijn bewaard."),
    }
    return words[cause]


def sort_word(_: Translator, sort: Sort) -> str:
    """Return what a list is ordered by."""
    words = {
        Sort.GRAVITY: _("Ernstigste eerst"),
        Sort.NAME: _("Naam"),
        Sort.SINCE: _("Laatst veranderd"),
        Sort.QUEUE: _("Langste wachtrij"),
    }
    return words[sort]


def happening_words(_: Translator) -> dict[Kind, str]:
    """Return what a row of a timeline tells; a state has words of its own."""
    return {
        Kind.REBOOTED: _("Het toestel startte opnieuw"),
        Kind.RESTARTED: _("Het programma startte opnieuw"),
        Kind.VERSION: _("Andere versie"),
        Kind.WORK_BEGAN: _("Onderhoud begon"),
        Kind.WORK_ENDED: _("Onderhoud eindigde"),
        Kind.WENT_BACK: _("Terug naar de vorige versie"),
        Kind.ROLLOUT_STOPPED: _("Iemand stopte de uitrol van haar versie"),
        Kind.ROLLOUT_HALTED: _("De uitrol van haar versie stopte vanzelf"),
        Kind.REPLACED: _("Een ander toestel nam haar plaats in"),
        Kind.RETIRED: _("Voorgoed uit dienst"),
        Kind.WIPED: _("Wiste haar sleutels en kaarten"),
    }
