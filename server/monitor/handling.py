"""What people do about an incident: take it up, put it aside, give it to someone, say something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, case, func, or_
from sqlmodel import Session, col, select

from server.counters.models import CounterCardSystem
from server.kernel.audit import record
from server.kiosks.finding import in_reach
from server.kiosks.models import Kiosk, KioskCounter, KioskState
from server.monitor.board import EXCUSED
from server.monitor.incidents import GATHER_MILLIS
from server.monitor.models import Incident, IncidentKiosk, IncidentNote, KioskWatch
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role
from shared.domain.rootcause import Scope
from shared.domain.watching import State

PAGE: Final = 50
LONGEST_COMMENT: Final = 500
STATES: Final = (State.OFFLINE, State.ERROR, State.WARNING, State.BLOCKED)
_HOUR: Final = 3_600_000
SNOOZES: Final = (1, 4, 24, 72)


class Incidents(NamedTuple):
    """A page of incidents, and how many pages there are."""

    rows: Sequence[Incident]
    page: int
    pages: int


def read_incidents(session: Session, reach: int | None, page: int = 1, *, is_open: bool) -> Incidents:
    """Return what is wrong now, faults first, or the latest that is over, of the zuilen within reach."""
    over = col(Incident.closed).is_(None) if is_open else col(Incident.closed).is_not(None)
    query = select(Incident).where(over, *_in_reach(reach))
    pages = max(1, -(-(session.scalar(select(func.count()).select_from(query.subquery())) or 0) // PAGE))
    page = max(1, min(page, pages))
    mild = case((col(Incident.state).in_((State.WARNING, State.BLOCKED)), 1), else_=0)
    order = (mild, col(Incident.opened).desc()) if is_open else (col(Incident.closed).desc(),)
    rows = session.exec(query.order_by(*order, col(Incident.id)).limit(PAGE).offset((page - 1) * PAGE)).all()
    return Incidents(rows, page, pages)


def count_gathering(session: Session, reach: int | None, now: int) -> int:
    """Return how many zuilen fell silent so lately that it is not known yet whose fault it is."""
    waiting = (
        select(func.count())
        .select_from(KioskWatch)
        .join(Kiosk, col(Kiosk.number) == col(KioskWatch.kiosk))
        .where(
            KioskWatch.state == State.OFFLINE,
            KioskWatch.excuse == "",
            KioskWatch.since > now - GATHER_MILLIS,
            Kiosk.state == KioskState.ACTIVE,
            *in_reach(reach),
        )
    )
    taken = select(IncidentKiosk.kiosk).where(col(IncidentKiosk.left_at).is_(None))
    return session.scalar(waiting.where(col(KioskWatch.kiosk).not_in(taken))) or 0


def find_incident(session: Session, reach: int | None, incident_id: int) -> Incident | None:
    """Return an incident with a zuil within reach."""
    return session.exec(select(Incident).where(Incident.id == incident_id, *_in_reach(reach))).first()


def coming_back(session: Session, incidents: Sequence[Incident]) -> frozenset[int]:
    """Return those that are open while all their zuilen are fine: it is waited whether they stay so."""
    wrong = case((col(KioskWatch.state) == State.OK, 0), else_=1)
    query = (
        select(IncidentKiosk.incident_id)
        .join(KioskWatch, col(KioskWatch.kiosk) == col(IncidentKiosk.kiosk))
        .where(col(IncidentKiosk.left_at).is_(None))
        .where(col(IncidentKiosk.incident_id).in_([one.id for one in incidents if one.closed is None]))
        .group_by(col(IncidentKiosk.incident_id))
        .having(func.max(wrong) == 0)
    )
    return frozenset(session.exec(query))


class Member(NamedTuple):
    """A zuil of an incident. is_in: whether it still takes part.

    state: how it is now, or `EXCUSED`; empty of one that nobody watches (any more).
    """

    kiosk: int
    name: str
    is_in: bool
    state: str


def members(session: Session, incident: Incident) -> Sequence[Member]:
    """Return at most a page of the zuilen of an incident, those that still take part first."""
    state = case(
        (col(KioskWatch.state) == State.OK, State.OK.value),
        (col(KioskWatch.excuse) != "", EXCUSED),
        else_=func.coalesce(col(KioskWatch.state), ""),
    )
    query = (
        select(col(Kiosk.number), col(Kiosk.name), col(IncidentKiosk.left_at).is_(None), state)
        .join(IncidentKiosk, col(IncidentKiosk.kiosk) == col(Kiosk.number))
        .outerjoin(KioskWatch, col(KioskWatch.kiosk) == col(Kiosk.number))
        .where(col(IncidentKiosk.incident_id) == incident.id)
        .order_by(col(IncidentKiosk.left_at).is_not(None), col(Kiosk.name))
        .limit(PAGE)
    )
    return [
        Member(number or 0, name, bool(is_in), state) for number, name, is_in, state in session.exec(query)
    ]


def notes(session: Session, incident: Incident) -> Sequence[tuple[IncidentNote, str]]:
    """Return what happened, the newest first, with who did it."""
    query = (
        select(IncidentNote, col(Staff.name))
        .outerjoin(Staff, col(Staff.id) == col(IncidentNote.staff_id))
        .where(IncidentNote.incident_id == incident.id)
        .order_by(col(IncidentNote.id).desc())
    )
    return [(one, name or "") for one, name in session.exec(query)]


def acknowledge(session: Session, incident: Incident, now: int, staff_id: int) -> None:
    """Say that somebody looks after it: it does not escalate any more."""
    if incident.acknowledged_at is None:
        incident.acknowledged_at, incident.acknowledged_by = now, staff_id
        _did(session, incident, "acknowledged", now=now, staff_id=staff_id)


def snooze(session: Session, incident: Incident, now: int, staff_id: int, hours: int) -> None:
    """Have nobody hear more of it for some hours."""
    incident.snoozed_until = now + hours * _HOUR
    _did(session, incident, "snoozed", now=now, staff_id=staff_id, text=str(hours))


def wake(session: Session, incident: Incident, now: int, staff_id: int) -> None:
    """Have everyone hear of it again."""
    if (incident.snoozed_until or 0) > now:
        incident.snoozed_until = None
        _did(session, incident, "woken", now=now, staff_id=staff_id)


def let_go(session: Session, incident: Incident, now: int, staff_id: int) -> None:
    """Say that nobody looks after it any more: it may escalate again."""
    if incident.acknowledged_at is not None or incident.assigned_to is not None:
        incident.acknowledged_at = incident.acknowledged_by = incident.assigned_to = None
        _did(session, incident, "released", now=now, staff_id=staff_id)


def assign(session: Session, incident: Incident, now: int, staff_id: int, to: Staff) -> None:
    """Give it to someone."""
    incident.assigned_to = to.id
    _did(session, incident, "assigned", now=now, staff_id=staff_id, text=to.name)


def comment(session: Session, incident: Incident, now: int, staff_id: int, text: str) -> None:
    """Add what somebody says; nothing said is nothing added."""
    text = " ".join(text.split())[:LONGEST_COMMENT]
    if text:
        _did(session, incident, "commented", now=now, staff_id=staff_id, text=text)


def colleagues(session: Session, incident: Incident, reach: int | None) -> Sequence[Staff]:
    """Return who can be given an incident: KSBs and technicians of its card systems, and administrators."""
    concerned = (
        select(CounterCardSystem.card_system_id)
        .join(KioskCounter, col(KioskCounter.counter_id) == col(CounterCardSystem.counter_id))
        .join(IncidentKiosk, col(IncidentKiosk.kiosk) == col(KioskCounter.kiosk))
        .where(IncidentKiosk.incident_id == incident.id)
    )
    of_system: ColumnElement[bool] = col(StaffRole.role).in_((Role.KSB, Role.TECHNICIAN))
    of_system &= col(StaffRole.card_system_id).in_(concerned)
    if reach is not None:
        of_system &= col(StaffRole.card_system_id) == reach
    inside = select(StaffRole.staff_id).where(or_(col(StaffRole.role) == Role.ADMIN, of_system))
    return session.exec(select(Staff).where(col(Staff.id).in_(inside)).order_by(col(Staff.name))).all()


def _in_reach(reach: int | None) -> Sequence[ColumnElement[bool]]:
    if reach is None:
        return ()
    inside = (
        select(col(IncidentKiosk.incident_id))
        .join(KioskCounter, col(KioskCounter.kiosk) == col(IncidentKiosk.kiosk))
        .join(CounterCardSystem, col(CounterCardSystem.counter_id) == col(KioskCounter.counter_id))
        .where(col(CounterCardSystem.card_system_id) == reach)
    )
    return (col(Incident.id).in_(inside),)


def _did(session: Session, incident: Incident, deed: str, *, now: int, staff_id: int, text: str = "") -> None:
    session.add(IncidentNote(incident_id=incident.id or 0, at=now, deed=deed, staff_id=staff_id, text=text))
    kinds = {Scope.KIOSK: "kiosk", Scope.COUNTER: "counter", Scope.ROLLOUT: "rollout"}
    kind = kinds.get(Scope(incident.scope), "everything")
    record(session, f"alert-{deed}", kind, incident.key, staff_id=staff_id)
