"""What a KSB decided for the zuilen of a card system: thresholds, quiet hours, when an alert escalates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import msgspec
from sqlmodel import Session, select

from server.kernel.audit import record
from server.kiosks.contact import judge_again
from server.kiosks.standing import kiosks_with
from server.monitor.models import KioskHours, WatchRules
from shared.domain.openings import Openings
from shared.domain.watching import Thresholds
from shared.wire.mapping import calendar_from_message
from shared.wire.messages import CalendarMessage

BOUNDS: Final[Mapping[str, tuple[int, int]]] = MappingProxyType(
    {
        "silent": (90, 86_400),
        "hung_up": (20, 86_400),
        "delay": (0, 3_600),
        "recover": (0, 3_600),
        "warm": (40, 100),
        "hot": (40, 100),
        "signal": (-100, -30),
        "queue": (1, 10_080),
        "stuck": (1, 10_080),
        "cards": (6, 10_080),
        "disk": (60, 100_000),
        "wear": (10, 100),
        "clock": (5, 3_600),
        "refusals": (5, 100),
        "grace": (0, 240),
    }
)
"""What each threshold may be, both included; below these a healthy zuil would alarm somebody."""
DEFAULTS: Final = Thresholds()


def thresholds_of(rules: WatchRules | None) -> Thresholds:
    """Return the thresholds of a card system; what it did not choose, or cannot be, is the default."""
    chosen = rules.thresholds if rules else {}
    return Thresholds(**{name: chosen.get(name, value) for name, value in asdict(DEFAULTS).items()})


def all_thresholds(session: Session) -> dict[int, Thresholds]:
    """Return card system -> thresholds, of those that chose any."""
    return {rules.card_system_id: thresholds_of(rules) for rules in session.exec(select(WatchRules))}


def put_rules(session: Session, wanted: WatchRules, *, staff_id: int | None = None) -> bool:
    """Keep what a KSB decided; return whether anything changed. Its zuilen are judged by it at once."""
    before = session.get(WatchRules, wanted.card_system_id)
    old = _plain(before or WatchRules(card_system_id=wanted.card_system_id))
    new = _plain(wanted)
    if old == new:
        return False
    session.merge(wanted)
    record(
        session,
        "set-watch-rules",
        "card_system",
        wanted.card_system_id,
        staff_id=staff_id,
        detail={"before": old, "after": new},
    )
    judge_again(session, kiosks_with(session, wanted.card_system_id))
    return True


def put_hours(
    session: Session, kiosk: int, hours: CalendarMessage | None, *, staff_id: int | None = None
) -> None:
    """Say when the place of a zuil is open; None: always."""
    known = session.get(KioskHours, kiosk)
    if hours is None and known is not None:
        session.delete(known)
    elif hours is not None:
        session.merge(KioskHours(kiosk=kiosk, calendar=msgspec.json.encode(hours).decode()))
    judge_again(session, [kiosk])
    record(session, "set-opening-hours", "kiosk", kiosk, staff_id=staff_id)


@lru_cache(maxsize=8_192)
def read_hours(calendar: str) -> Openings:
    """Return the opening hours of a `KioskHours` row."""
    read = calendar_from_message(msgspec.json.decode(calendar, type=CalendarMessage))
    return Openings(read.hours, read.adjusted)


def _plain(rules: WatchRules) -> dict[str, Any]:
    chosen = asdict(thresholds_of(rules))
    return {
        **{field.name: chosen[field.name] for field in fields(Thresholds)},
        "quiet_from": rules.quiet_from,
        "quiet_until": rules.quiet_until,
        "escalate": rules.escalate,
    }
