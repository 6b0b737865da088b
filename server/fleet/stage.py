"""Zuilen with credentials, put in a database by hand: enrolling thousands would take a morning."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, delete, func, insert
from sqlmodel import Session, col, select

from server.counters.models import Counter
from server.kernel.database import vault_of
from server.kiosks.models import Kiosk, KioskCounter, KioskState
from server.monitor.models import Incident, IncidentKiosk
from shared.domain.modes import Mode

PREFIX: Final = "Vloot"
EACH: Final = 4


class Credentials(NamedTuple):
    """What a zuil signs with."""

    kiosk: int
    key: str
    secret: str


def make_fleet(session: Session, count: int) -> list[Credentials]:
    """Make `count` zuilen, four at each of their own counters, of no card system; return how they sign."""
    vault = vault_of(session)
    signs = [(f"fleet-{secrets.token_hex(8)}", secrets.token_urlsafe(24)) for _ in range(count)]
    counters = _numbers(session, Counter, [{"name": _name()} for _ in range(-(-count // EACH))])
    kiosks = [
        {
            "name": _name(),
            "place": "",
            "consumer_key": key,
            "consumer_secret": vault.seal(secret.encode()),
            "code_key": vault.seal(secrets.token_bytes(32)),
            "state": KioskState.ACTIVE.value,
            "mode": Mode.CHECKIN.value,
            "languages": ["nl"],
        }
        for key, secret in signs
    ]
    numbers = _numbers(session, Kiosk, kiosks)
    stands = [
        {"kiosk": number, "counter_id": counters[place // EACH]} for place, number in enumerate(numbers)
    ]
    session.execute(insert(KioskCounter), stands)
    return [Credentials(number, key, secret) for number, (key, secret) in zip(numbers, signs, strict=True)]


def remove_fleet(session: Session) -> int:
    """Remove every zuil and counter that `make_fleet` made; return how many zuilen."""
    count = session.scalar(select(func.count()).where(_is_ours(col(Kiosk.name)))) or 0
    session.execute(delete(Kiosk).where(_is_ours(col(Kiosk.name))))
    session.execute(delete(Counter).where(_is_ours(col(Counter.name))))
    # What was wrong with them is nothing any more.
    left = select(IncidentKiosk.incident_id)
    session.execute(delete(Incident).where(col(Incident.id).not_in(left)))
    return count


def _is_ours(name: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column of either table
    ours: ColumnElement[bool] = name.startswith(f"{PREFIX} ")
    return ours


def _name() -> str:
    return f"{PREFIX} {secrets.token_hex(3)}"


def _numbers(session: Session, table: type[Kiosk | Counter], rows: Sequence[dict[str, Any]]) -> list[int]:
    """Insert rows and return their numbers, in the same order; the database gives them."""
    column = col(Kiosk.number) if table is Kiosk else col(Counter.id)
    statement = insert(table).returning(column, sort_by_parameter_order=True)
    return [number or 0 for number in session.scalars(statement, rows)]
