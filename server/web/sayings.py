"""What a zuil says of itself, in the words of who reads it (`shared.domain.sayings`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from server.web.i18n import Translator
from shared.domain.sayings import Said, Saying, understood
from shared.domain.zones import BRUSSELS
from shared.wire.messages import SaidMessage

MOST_SAID: Final = 40
MOST_FACTS: Final = 8
MOST_TEXT: Final = 200
_DAY: Final = len("2026-11-23")
_NO_TITLES: Final[Mapping[str, str]] = MappingProxyType({})
_WORKING: Final = ("", "ok", "starting")


class Line(NamedTuple):
    """One thing that was said; subject: the part that was tested, in words, empty for none."""

    text: str
    subject: str = ""
    good: bool = True


def kept(said: Sequence[SaidMessage]) -> list[dict[str, Any]]:
    """Return what a zuil said as it is kept in the database, of no more than fits there."""
    return [
        {
            "code": _plain(one.code),
            "facts": {_plain(name): _plain(fact) for name, fact in list(one.facts.items())[:MOST_FACTS]},
            "subject": _plain(one.subject),
            "good": one.good,
        }
        for one in said[:MOST_SAID]
    ]


@dataclass(frozen=True)
class Sayings:
    """Words what zuilen say."""

    speak: Translator

    def lines(
        self, said: Sequence[Mapping[str, Any]], text: str = "", titles: Mapping[str, str] = _NO_TITLES
    ) -> list[Line]:
        """Return what was said; of an older zuil, that sends no codes, what its text means.

        titles: of the events that are named by their id.
        """
        found = [Said(**one) for one in said] if said else understood(text)
        day = next((one.facts["moment"] for one in found if "moment" in one.facts), "")[:_DAY]
        return [Line(self.word(one, titles, day), self.part(one.subject), one.good) for one in found]

    def sentence(self, said: Sequence[Mapping[str, Any]], text: str = "") -> str:
        """Return the same as one text."""
        return " ".join(
            f"{line.subject}: {line.text}." if line.subject else line.text for line in self.lines(said, text)
        )

    def faults(self, heartbeat: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with a zuil, by its last heartbeat."""
        parts = [
            f"{self.part(part)}: {self.speak('werkt niet')}"
            for part in ("reader", "display")
            if heartbeat.get(part, "ok") not in _WORKING
        ]
        told = [str(fault) for fault in heartbeat.get("faults", ())]
        codes = [f"{fault} · {words}" for fault in told if (words := _codes(self.speak).get(fault))]
        sentences = [fault for fault in told if fault not in _codes(self.speak)]
        said = self.lines(heartbeat.get("said", ())) or [
            line for sentence in sentences for line in self.lines((), sentence)
        ]
        return [*parts, *codes, *(line.text for line in said)]

    def state(self, state: str) -> str:
        """Return how a reader or a display is."""
        if state == "starting":
            return self.speak("start op")
        return self.speak("in orde") if state in _WORKING else self.speak("werkt niet")

    def part(self, subject: str) -> str:
        """Return what a part of a zuil is called; one that this version does not know by its own name."""
        _ = self.speak
        words = {
            "reader": _("Kaartlezer"),
            "display": _("Scherm"),
            "lights": _("Lampjes"),
            "storage": _("Opslag"),
            "cards": _("Kaarten"),
            "decision": _("Beslissen"),
            "clock": _("Klok"),
            "server": _("Server"),
            "sync": _("Bijwerken"),
            "faults": _("Storingen"),
        }
        return words.get(subject, subject)

    def word(self, said: Said, titles: Mapping[str, str] = _NO_TITLES, day: str = "") -> str:
        """Return one saying; of a later version, or of another make, its own words.

        day: in UTC, as a self-test says it, of an hour that is said without one.
        """
        facts = {name: self._fact(name, fact, titles) for name, fact in said.facts.items()}
        if "moment" in facts:
            facts["moment"] = _in_brussels(facts["moment"], "", "%d/%m/%Y %H:%M:%S")
        if "clock" in facts:
            facts["clock"] = _in_brussels(facts["clock"], day, "%H:%M:%S")
        template = _words(self.speak).get(said.code)
        if template is None:
            if said.subject and not said.good:
                return self.speak("werkt niet")
            told = facts.get("text") or " ".join([said.code, *facts.values()])
            return self.speak("De zuil zegt: {words}", words=told)
        try:
            return template.format(**facts)
        except (KeyError, IndexError, ValueError):
            return template  # a zuil that leaves a fact out

    def _fact(self, name: str, fact: str, titles: Mapping[str, str]) -> str:
        if name == "parts":
            return ", ".join(self.part(part).lower() for part in fact.split(", "))
        if name == "event":
            return self.speak("geen") if fact == "none" else titles.get(fact, fact)
        return fact


def _in_brussels(fact: str, day: str, shape: str) -> str:
    """Return an instant that a zuil says in UTC as it is here; where that cannot be, it says so."""
    try:
        at = datetime.fromisoformat(f"{day} {fact}".strip()).replace(tzinfo=UTC)
        return at.astimezone(BRUSSELS).strftime(shape)
    except (ValueError, OverflowError):
        return f"{fact} UTC"


def _plain(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:MOST_TEXT]


def _codes(_: Translator) -> Mapping[str, str]:
    """Return what the codes on the display of a zuil mean (docs/technieker.md)."""
    return {
        "E10": _("De kaartlezer werkt niet"),
        "E11": _("De kaartlezer werkt niet"),
        "E20": _("Kan niet meer schrijven"),
        "E21": _("Kan niet meer schrijven"),
        "E22": _("De SD-kaart is vol"),
        "E23": _("De SD-kaart is traag"),
        "E24": _("Haar bestanden zijn van een nieuwere versie"),
        "E30": _("Niet aangemeld"),
        "E40": _("Te lang zonder server"),
        "E50": _("Geblokkeerd"),
        "E60": _("Een instelling klopt niet"),
        "E61": _("Een instelling klopt niet"),
        "E70": _("Het scherm werkt niet"),
        "E71": _("De lampjes werken niet"),
        "E72": _("Te weinig stroom"),
        "E73": _("Veel te warm"),
    }


def _words(_: Translator) -> Mapping[str, str]:
    return {
        Saying.WORKS: _("in orde"),
        Saying.JOURNAL_FINE: _("tikken kunnen bewaard worden, {taps} wachten nog"),
        Saying.NO_CARDS: _("er zijn nog geen kaarten van de server"),
        Saying.CARDS: _("{cards} kaarten"),
        Saying.NO_CONFIGURATION: _("er zijn nog geen instellingen"),
        Saying.DECIDES_WRONG: _("een kaart van niemand krijgt een verkeerd antwoord ({outcome})"),
        Saying.DECIDES: _("kaarten krijgen een antwoord; activiteit: {event}"),
        Saying.TIME_UNHEARD: _("hoorde sinds de start de tijd van de server nog niet"),
        Saying.TIME: _("{moment}, {offset} ms bijgesteld"),
        Saying.NOT_REACHED: _("is niet te bereiken"),
        Saying.HEARD: _("gehoord om {clock}"),
        Saying.NOT_FOLLOWED: _("heeft sinds de start nog niet alles van de server"),
        Saying.FOLLOWED: _("alles van de server is er"),
        Saying.FAULTS: _("{codes} (zie de handleiding)"),
        Saying.NO_FAULTS: _("geen"),
        Saying.TOO_LATE: _("De opdracht kwam te laat."),
        Saying.UNKNOWN_COMMAND: _("Deze zuil (versie {version}) kent de opdracht {kind} niet."),
        Saying.RESTARTED: _("Het programma startte opnieuw."),
        Saying.REBOOTED: _("Het toestel startte opnieuw."),
        Saying.NOT_REBOOTED: _("Het programma startte opnieuw, het toestel niet."),
        Saying.BROKEN_OFF: _("De zuil viel er middenin uit."),
        Saying.WENT_WRONG: _("Het liep mis; haar logregels zeggen hoe."),
        Saying.NOT_GOOD: _("Niet in orde: {parts}."),
        Saying.ALL_FINE: _("Alle {parts} onderdelen zijn in orde."),
        Saying.LINES: _("{lines} regels."),
        Saying.FETCHED: _("Ze haalde {cards} kaarten opnieuw."),
        Saying.NO_MACHINE: _(
            "Een virtuele zuil heeft geen toestel om opnieuw te starten: herstart het programma."
        ),
        Saying.CANNOT_REBOOT: _("Het toestel kan niet opnieuw starten ({trouble})."),
        Saying.NO_LAUNCHER: _("Deze zuil is niet gestart met zuil-launch en neemt geen nieuwe versies."),
        Saying.NO_ROOM: _("Er is niet genoeg plaats op de SD-kaart."),
        Saying.OTHER_MACHINE: _("Haar bibliotheken zijn voor een ander soort toestel ({about})."),
        Saying.OTHER_PYTHON: _("Haar bibliotheken zijn voor Python {about}."),
        Saying.TOO_OLD: _("Ze vraagt dat de zuil al minstens versie {about} draait."),
        Saying.UNREADABLE: _("Ze kan het bestand “{about}” van de zuil niet lezen."),
        Saying.NO_WAY_BACK: _(
            "Ze zou het bestand “{about}” zo schrijven dat de huidige versie het niet meer leest: neem eerst"
            " de versie ertussen."
        ),
        Saying.NOT_PUT_DOWN: _("De versie kon niet bewaard worden ({trouble})."),
        Saying.UNUSABLE: _("De versie is niet bruikbaar ({trouble})."),
        Saying.SWITCH_UNNOTED: _("De overstap kon niet genoteerd worden ({trouble})."),
        Saying.PROOF_UNNOTED: _("Dat de versie goed is, kon niet genoteerd worden ({trouble})."),
        Saying.UNHEALTHY: _("Ze was niet in orde binnen {seconds} seconden."),
        Saying.DID_NOT_STAY: _("Ze startte {times} keer en viel telkens uit."),
        Saying.DAMAGED_HERE: _("Ze is beschadigd op de SD-kaart."),
        Saying.NO_RELEASE: _("Dit is geen versie van een zuil ({trouble})."),
        Saying.RELEASE_DAMAGED: _("De versie is beschadigd ({trouble})."),
        Saying.UNSIGNED: _("De versie is niet ondertekend met een sleutel die de zuil vertrouwt."),
        Saying.CARDS_DIFFER: _("De kaarten zijn anders dan die van de server, ook na opnieuw ophalen."),
        Saying.PARKED: _("{taps} tikken die de server niet kan lezen"),
        Saying.NO_SERVER: _("De server is niet te bereiken ({trouble})."),
        Saying.NO_ANSWER: _("De server antwoordde niet binnen {seconds} seconden."),
    }
