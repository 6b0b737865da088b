"""Note that something changed, in the transaction that changes it. The publisher does the rest."""

from __future__ import annotations

from collections.abc import Iterable

from sqlmodel import Session

from server.feed.models import Change, ChangeKind
from server.kernel.database import mark_changed


def cards_changed(session: Session, uitpas_numbers: Iterable[str]) -> None:
    """Note that cards, their holders or the holders' memberships changed."""
    _note(session, ChangeKind.CARDS, uitpas_numbers)


def points_changed(session: Session, passholder_refs: Iterable[int]) -> Change:
    """Note that balances changed. The check-ins that did it carry the `id` of this change (flush first)."""
    return _note(session, ChangeKind.CHECKINS, map(str, passholder_refs))


def kiosks_changed(session: Session, numbers: Iterable[int]) -> None:
    """Note that what these zuilen are told changed: their own settings, counters or events."""
    _note(session, ChangeKind.CONFIG, map(str, numbers))


def commands_changed(session: Session, numbers: Iterable[int]) -> None:
    """Note that these zuilen are told to do something."""
    _note(session, ChangeKind.COMMANDS, map(str, numbers))


def _note(session: Session, kind: ChangeKind, keys: Iterable[str]) -> Change:
    change = Change(kind=kind, keys=sorted(set(keys)))
    session.add(change)
    mark_changed(session)
    return change
