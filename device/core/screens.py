"""What stands on the display, in words and shapes; where it stands is the panel's business."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from device.core.health import Fault
from device.core.tap import TapResult
from device.ports import Icon, Screen, ScreenKind
from shared.domain.messages import screen as lines
from shared.domain.outcomes import Outcome, Tone
from shared.domain.zones import BRUSSELS
from shared.wire.messages import EventMessage, LogoMessage

_Texts = Mapping[str, tuple[str, str]]

_STARTING: Final[_Texts] = {
    "nl": ("Even geduld", "De zuil start op"),
    "fr": ("Un instant", "La borne démarre"),
    "en": ("One moment", "The pillar is starting"),
}
_SHUTTING_DOWN: Final[_Texts] = {
    "nl": ("Zuil gaat uit", "Wacht tot alles donker is"),
    "fr": ("Arrêt", "Attendez que tout soit éteint"),
    "en": ("Shutting down", "Wait until all is dark"),
}
_WAIT: Final[_Texts] = {
    "nl": ("Even geduld", "We zoeken je kaart op"),
    "fr": ("Un instant", "Nous cherchons votre carte"),
    "en": ("One moment", "Looking up your card"),
}
_HOLD: Final[_Texts] = {
    "nl": ("Hou je UiTPAS", "tegen de lezer"),
    "fr": ("Tenez votre UiTPAS", "contre le lecteur"),
    "en": ("Hold your UiTPAS", "against the reader"),
}
_SCAN: Final[_Texts] = {
    "nl": ("Scan mij", "met je gsm"),
    "fr": ("Scannez", "avec le GSM"),
    "en": ("Scan me", "with a phone"),
}
_FAULTS: Final[Mapping[Fault, Mapping[str, str]]] = {
    Fault.READER: {
        "nl": "De kaartlezer werkt niet",
        "fr": "Le lecteur ne marche pas",
        "en": "The reader does not work",
    },
    Fault.READER_HANGS: {
        "nl": "De kaartlezer hangt",
        "fr": "Le lecteur est bloqué",
        "en": "The reader hangs",
    },
    Fault.STORAGE_READ_ONLY: {
        "nl": "Opslag alleen-lezen",
        "fr": "Stockage en lecture seule",
        "en": "Storage is read-only",
    },
    Fault.JOURNAL: {
        "nl": "Opslag vol of defect",
        "fr": "Stockage plein ou en panne",
        "en": "Storage full or broken",
    },
    Fault.ENROLMENT: {
        "nl": "De code klopt niet",
        "fr": "Le code n'est pas valable",
        "en": "The code is not valid",
    },
    Fault.BLOCKED: {
        "nl": "Deze zuil is geblokkeerd",
        "fr": "Cette borne est bloquée",
        "en": "This pillar is blocked",
    },
    Fault.SETTINGS: {
        "nl": "Een instelling klopt niet",
        "fr": "Un réglage est incorrect",
        "en": "A setting is wrong",
    },
    Fault.STORAGE_NEARLY_FULL: {
        "nl": "Opslag bijna vol",
        "fr": "Stockage presque plein",
        "en": "Storage nearly full",
    },
    Fault.STORAGE_SLOW: {
        "nl": "Opslag erg traag",
        "fr": "Stockage très lent",
        "en": "Storage is very slow",
    },
    Fault.NEWER_FILES: {
        "nl": "Programma te oud",
        "fr": "Programme trop ancien",
        "en": "Program too old",
    },
    Fault.DISPLAY: {"nl": "Scherm werkt niet", "fr": "Écran en panne", "en": "Display broken"},
    Fault.LIGHTS: {"nl": "Lampjes werken niet", "fr": "Voyants en panne", "en": "Lights broken"},
    Fault.UNDER_VOLTAGE: {"nl": "Te weinig stroom", "fr": "Tension trop basse", "en": "Voltage too low"},
    Fault.MODE: {"nl": "Functie onbekend", "fr": "Fonction inconnue", "en": "Unknown mode"},
    Fault.HEAT: {"nl": "Te warm", "fr": "Trop chaud", "en": "Too hot"},
    Fault.LEASE: {"nl": "Te lang geen netwerk", "fr": "Sans réseau trop longtemps", "en": "Offline too long"},
}


class Facts(NamedTuple):
    """What a technician wants to know at a glance; `queue` None when the journal cannot be read."""

    addresses: list[str]
    online: bool
    codes: list[str]
    queue: int | None
    version: str


class _FactWords(NamedTuple):
    no_network: str
    server: str
    no_server: str
    waiting: str
    storage: str
    version: str


_FACT_WORDS: Final = {
    "nl": _FactWords(
        "geen netwerk", "server ok", "server niet bereikt", "te sturen", "opslag onleesbaar", "versie"
    ),
    "fr": _FactWords(
        "pas de réseau", "serveur ok", "serveur injoignable", "à envoyer", "stockage illisible", "version"
    ),
    "en": _FactWords(
        "no network", "server ok", "server not reached", "to send", "storage unreadable", "version"
    ),
}
_OUT: Final = {"nl": "Buiten dienst", "fr": "Hors service", "en": "Out of order"}
_ICONS: Final = {Tone.GOOD: Icon.TICK, Tone.CALM: Icon.INFO, Tone.BAD: Icon.CROSS}
_OWN_ICONS: Final = {
    Outcome.QUEUED_UNKNOWN: Icon.CLOCK,
    Outcome.TOO_EARLY: Icon.CLOCK,
    Outcome.ENDED: Icon.CLOCK,
    Outcome.TECHNICAL: Icon.TOOL,
}


def starting(language: str, notice: str = "") -> Screen:
    """Return the screen before the zuil can save points; `notice` says what it waits for."""
    headline, detail = _in(_STARTING, language)
    return Screen(ScreenKind.STARTING, headline, notice or detail, icon=Icon.CLOCK)


def idle(event: EventMessage | None, now: datetime, language: str, *, code: str = "") -> Screen:
    """Return the screen that invites people to tap; with a `code` also to scan, on a wide panel.

    Without an event there is nothing to save for, and the screen says so.
    """
    clock = f"{now.astimezone(BRUSSELS):%H:%M}"
    if event is None:
        headline, detail = lines(Outcome.NO_EVENT, language)
        return Screen(ScreenKind.IDLE, headline, detail, icon=Icon.CLOCK, clock=clock)
    headline, detail = _in(_HOLD, language)
    return Screen(ScreenKind.IDLE, headline, detail, title=title(event, language), clock=clock, code=code)


def brand(logo: LogoMessage) -> Screen:
    """Return the screen with the logo of the card system."""
    return Screen(ScreenKind.BRAND, logo=logo)


def scan(event: EventMessage, code: str, language: str) -> Screen:
    """Return the screen with the QR code that a phone reads."""
    headline, detail = _in(_SCAN, language)
    return Screen(ScreenKind.CODE, headline, detail, title=title(event, language), code=code)


def wait(language: str) -> Screen:
    """Return the screen while the server is asked about an unknown card."""
    headline, detail = _in(_WAIT, language)
    return Screen(ScreenKind.WAIT, headline, detail, icon=Icon.CLOCK)


def result(tap: TapResult, language: str) -> Screen:
    """Return the screen for a decided tap. It never holds a name: people behind you read along."""
    headline, detail = lines(
        tap.outcome,
        language,
        points=tap.decision.points,
        total=tap.total,
        opens=tap.decision.opens,
        now=tap.at,
    )
    if tap.outcome is Outcome.OK:
        return Screen(ScreenKind.RESULT, detail=detail, big=headline, icon=Icon.TICK, tone=Tone.GOOD)
    return _outcome(tap.outcome, headline, detail)


def not_a_tap(outcome: Outcome, language: str) -> Screen:
    """Return the screen for what was held against the reader but is no card to decide on."""
    return _outcome(outcome, *lines(outcome, language))


def out_of_order(fault: Fault, language: str) -> Screen:
    """Return the screen of a zuil that cannot save points, with the code for the technician."""
    detail = _FAULTS[fault].get(language, _FAULTS[fault]["nl"])
    headline = _OUT.get(language, _OUT["nl"])
    return Screen(ScreenKind.OUT_OF_ORDER, headline, detail, icon=Icon.TOOL, clock=fault.value)


def name(zuil: str, *, lit: bool) -> Screen:
    """Return the screen by which somebody finds this zuil among others; lit and dark in turns it blinks."""
    return Screen(ScreenKind.INFORMATION, zuil or "Zuil", tone=Tone.GOOD if lit else None)


def information(zuil: str, facts: Facts, language: str) -> Screen:
    """Return the screen for the technician."""
    words = _FACT_WORDS.get(language, _FACT_WORDS["nl"])
    lines = (
        ", ".join(facts.addresses) or words.no_network,
        " ".join((words.server if facts.online else words.no_server, *facts.codes)),
        words.storage if facts.queue is None else f"{facts.queue} {words.waiting}",
        f"{words.version} {facts.version}",
    )
    return Screen(ScreenKind.INFORMATION, zuil or "Zuil", lines=lines)


def shutting_down(language: str) -> Screen:
    """Return the last screen before the machine is off."""
    headline, detail = _in(_SHUTTING_DOWN, language)
    return Screen(ScreenKind.STARTING, headline, detail, icon=Icon.CLOCK)


def title(event: EventMessage, language: str) -> str:
    """Return the event's title in a language, else in Dutch, else in any."""
    titles = event.titles
    return titles.get(language) or titles.get("nl") or next(iter(titles.values()), "")


def _outcome(outcome: Outcome, headline: str, detail: str) -> Screen:
    icon = _OWN_ICONS.get(outcome, _ICONS[outcome.tone])
    return Screen(ScreenKind.RESULT, headline, detail, icon=icon, tone=outcome.tone)


def _in(texts: _Texts, language: str) -> tuple[str, str]:
    return texts.get(language, texts["nl"])
