"""What self-tests name by an id, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlmodel import Session, col, select

from server.events.models import Event
from server.kiosks.commands import CommandView
from shared.domain.commands import CommandKind
from shared.domain.sayings import Said, understood


def event_titles(
    session: Session, commands: Iterable[CommandView | None], language: str
) -> Mapping[str, str]:
    """Return id -> title in a language, else in Dutch or any, of the events that self-tests name."""
    tests = [one for one in commands if one is not None and one.kind is CommandKind.SELF_TEST]
    said = [
        line
        for one in tests
        for line in ([Said(**each) for each in one.said] if one.said else understood(one.text))
    ]
    ids = {line.facts["event"] for line in said if "event" in line.facts}
    if not ids:
        return {}
    found = session.exec(select(Event).where(col(Event.id).in_(ids)))
    return {
        event.id: event.titles.get(language)
        or event.titles.get("nl")
        or next(iter(event.titles.values()), event.id)
        for event in found
    }
