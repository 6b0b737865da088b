"""The rules of a card system as a form: fifteen numbers, the quiet hours, when an alert escalates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final, NamedTuple

from pydantic import BaseModel

from server.monitor.models import WatchRules
from server.monitor.rules import BOUNDS, DEFAULTS, thresholds_of
from server.web.i18n import Translator

LONGEST_ESCALATION: Final = 10_080
_HOUR: Final = re.compile(r"([01]?\d|2[0-3])(?:[:.h]|\s*u(?:ur)?)?([0-5]\d)?")


class RulesForm(BaseModel):
    """What was typed, a text for each number and hour."""

    silent: str = ""
    hung_up: str = ""
    delay: str = ""
    recover: str = ""
    warm: str = ""
    hot: str = ""
    signal: str = ""
    queue: str = ""
    stuck: str = ""
    cards: str = ""
    disk: str = ""
    wear: str = ""
    clock: str = ""
    refusals: str = ""
    grace: str = ""
    quiet_from: str = ""
    quiet_until: str = ""
    escalate: str = ""


class Field(NamedTuple):
    """One number on the form."""

    name: str
    label: str
    hint: str


class Group(NamedTuple):
    """Numbers that belong together."""

    title: str
    fields: tuple[Field, ...]


def groups(_: Translator) -> tuple[Group, ...]:
    """Return the form in the order people think."""
    return (
        Group(
            _("Verbinding"),
            (
                Field("silent", _("Seconden stilte"), _("Daarna is een zuil niet verbonden.")),
                Field("hung_up", _("Seconden na het wegvallen"), _("Als haar lijn met de server dichtgaat.")),
                Field("grace", _("Minuten na openingstijd"), _("Zolang mag een zuil nog uit staan.")),
                Field("signal", _("Wifi-signaal, dBm"), _("Zwakker dan dit is een waarschuwing.")),
            ),
        ),
        Group(
            _("Tikken en kaarten"),
            (
                Field("queue", _("Minuten wachten: let op"), _("Leeftijd van de oudste tik in de wachtrij.")),
                Field("stuck", _("Minuten wachten: storing"), ""),
                Field("cards", _("Minuten zonder nieuwe kaarten"), ""),
                Field("refusals", _("Procent geweigerd"), _("Van minstens twintig tikken in een uur.")),
                Field("clock", _("Seconden dat de klok afwijkt"), ""),
            ),
        ),
        Group(
            _("Toestel"),
            (
                Field("warm", _("Graden: let op"), ""),
                Field("hot", _("Graden: storing"), ""),
                Field("disk", _("Vrije MB op de SD-kaart"), _("Minder is een waarschuwing.")),
                Field("wear", _("Procent slijtage"), ""),
            ),
        ),
        Group(
            _("Rust"),
            (
                Field("delay", _("Seconden dat iets moet duren"), _("Voor het telt.")),
                Field("recover", _("Seconden dat het over moet zijn"), _("Voor het niet meer telt.")),
            ),
        ),
    )


def fill(rules: WatchRules | None) -> dict[str, str]:
    """Return what the form shows."""
    rules = rules or WatchRules(card_system_id=0)
    numbers = {name: str(value) for name, value in asdict(thresholds_of(rules)).items()}
    return {
        **numbers,
        "quiet_from": rules.quiet_from,
        "quiet_until": rules.quiet_until,
        "escalate": str(rules.escalate),
    }


def read(system: int, typed: Mapping[str, str], _: Translator) -> tuple[WatchRules, dict[str, str]]:
    """Return the rules as typed, and field -> what is wrong with it."""
    errors: dict[str, str] = {}
    bounds = {**BOUNDS, "escalate": (0, LONGEST_ESCALATION)}
    numbers = {name: _number(name, typed.get(name, ""), bounds[name], errors, _) for name in bounds}
    if "queue" not in errors and "stuck" not in errors and numbers["stuck"] <= numbers["queue"]:
        errors["stuck"] = _("Een storing begint later dan een waarschuwing.")
    if "warm" not in errors and "hot" not in errors and numbers["hot"] <= numbers["warm"]:
        errors["hot"] = _("Een storing begint warmer dan een waarschuwing.")
    quiet = {name: _hour(name, typed.get(name, ""), errors, _) for name in ("quiet_from", "quiet_until")}
    if bool(quiet["quiet_from"]) != bool(quiet["quiet_until"]) and not errors.keys() & quiet.keys():
        errors["quiet_until"] = _("Vul allebei de uren in, of geen.")
    escalate = numbers.pop("escalate")
    # What equals the default follows the default, also when that changes one day.
    usual = asdict(DEFAULTS)
    chosen = {name: value for name, value in numbers.items() if value != usual[name]}
    return WatchRules(card_system_id=system, thresholds=chosen, escalate=escalate, **quiet), errors


def _number(name: str, text: str, bounds: tuple[int, int], errors: dict[str, str], _: Translator) -> int:
    low, high = bounds
    found = re.fullmatch(r"\s*(-?)\s*(\d{1,6})\s*", text.replace("−", "-"))  # noqa: RUF001 - as phones type a minus
    value = int(found[1] + found[2]) if found else None
    if value is None or not low <= value <= high:
        errors[name] = _("Kies een getal van {low} tot {high}.", low=low, high=high)
        return low
    return value


def _hour(name: str, text: str, errors: dict[str, str], _: Translator) -> str:
    if not text.strip():
        return ""
    found = _HOUR.fullmatch(text.strip())
    if found is None:
        errors[name] = _("Schrijf een uur als 22:00.")
        return ""
    return f"{int(found[1]):02}:{found[2] or '00'}"
