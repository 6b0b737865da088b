"""What a person's functions permit with zuilen through the JSON API, as on the screens (rules 2.6)."""

from __future__ import annotations

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from server.api.callers import Caller
from server.counters.models import CounterCardSystem
from server.kiosks.configuration import systems_of
from server.kiosks.models import Kiosk, KioskCounter
from server.kiosks.setup import number_of
from server.staff.models import StaffRole
from server.staff.roles import ROLES, Permission, Role


def permissions_with(session: Session, caller: Caller, kiosk: Kiosk) -> frozenset[Permission]:
    """Return what the caller's functions permit with one zuil."""
    systems = systems_of(session, number_of(kiosk))
    held = [
        ROLES[role]
        for role, system in _functions(session, caller)
        if role is Role.ADMIN or (system is not None and system in systems)
    ]
    return frozenset[Permission]().union(*held)


def numbers_to_order(session: Session, caller: Caller) -> SelectOfScalar[int] | None:
    """Return a query for the zuilen that the caller may order something of; None: he may nowhere."""
    places = {
        (role is Role.ADMIN, system)
        for role, system in _functions(session, caller)
        if Permission.COMMAND_KIOSKS in ROLES[role]
    }
    if not places:
        return None
    numbers = select(col(KioskCounter.kiosk)).join(
        CounterCardSystem, col(CounterCardSystem.counter_id) == col(KioskCounter.counter_id)
    )
    if any(is_everywhere for is_everywhere, _ in places):
        return numbers
    return numbers.where(col(CounterCardSystem.card_system_id).in_({system for _, system in places}))


def _functions(session: Session, caller: Caller) -> list[tuple[Role, int | None]]:
    if caller.staff_id is None:
        return []
    found = session.exec(select(StaffRole).where(StaffRole.staff_id == caller.staff_id))
    return [(Role(one.role), one.card_system_id) for one in found]
