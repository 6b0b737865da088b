"""Reads tests/golden/decisions.json into wire messages, for the three places that run it."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from shared.domain.checkin import CardFacts, CardState, pack_facts
from shared.domain.zones import to_millis
from shared.wire.messages import EventMessage

FILE = Path(__file__).parents[1] / "golden" / "decisions.json"


@dataclass(frozen=True)
class GoldenCase:
    name: str
    now: datetime
    events: tuple[EventMessage, ...]
    manual: str | None
    hold: bool
    card: CardFacts | None
    row: tuple[int, int, int] | None
    """(passholder, state, active_until) as it stands in the card feed."""
    on: str | None
    earlier: tuple[datetime, ...]
    expect: dict[str, Any]


def golden_cases() -> list[GoldenCase]:
    raw = json.loads(FILE.read_text())
    return [_case(case, raw["events"], raw["cards"]) for case in raw["cases"]]


def _case(case: dict[str, Any], events: dict[str, Any], cards: dict[str, Any]) -> GoldenCase:
    facts = _card(cards[case["card"]])
    return GoldenCase(
        name=case["name"],
        now=datetime.fromisoformat(case["now"]),
        events=tuple(_event(name, events[name]) for name in case["events"]),
        manual=case.get("manual"),
        hold=case.get("hold", False),
        card=facts,
        row=None if facts is None else pack_facts(facts),
        on=case.get("on"),
        earlier=tuple(datetime.fromisoformat(at) for at in case.get("earlier", [])),
        expect=case["expect"],
    )


def _event(name: str, event: dict[str, Any]) -> EventMessage:
    calendar = {**event["calendar"]}
    calendar["spans"] = [
        {**span, "start": _millis(span["start"]), "end": _millis(span["end"])}
        for span in calendar.get("spans", [])
    ]
    return msgspec.convert({**event, "id": name, "titles": {"nl": name}, "calendar": calendar}, EventMessage)


def _card(card: list[Any] | None) -> CardFacts | None:
    if card is None:
        return None
    state, passholder, group_pass, until = card
    last = date.max if until == "ever" else until and date.fromisoformat(until)
    return CardFacts(CardState(state), passholder, group_pass, last)


def _millis(text: str) -> int:
    return to_millis(datetime.fromisoformat(text))
