"""What happened to one zuil, the newest first: states, starts, versions, work on it, other hardware."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlmodel import Session, col, select

from server.kernel.audit import AuditEntry
from server.kiosks.models import FormerDevice
from server.monitor.happenings import Happening
from server.monitor.models import KioskHappening, KioskTransition, Maintenance
from server.releases.models import KioskRelease
from shared.domain.releases import Step
from shared.domain.watching import Cause, Excuse, State
from shared.domain.zones import from_millis, to_millis

PAGE: Final = 20
NEWEST: Final = 1 << 60
"""Before which instant to look, for the newest page."""


class Kind(StrEnum):
    """What a row tells."""

    STATE = "state"
    REBOOTED = Happening.REBOOTED.value
    RESTARTED = Happening.RESTARTED.value
    VERSION = Happening.VERSION.value
    WORK_BEGAN = "work-began"
    WORK_ENDED = "work-ended"
    WENT_BACK = "went-back"
    ROLLOUT_STOPPED = "rollout-stopped"
    ROLLOUT_HALTED = "rollout-halted"
    REPLACED = "replaced"
    RETIRED = "retired"
    WIPED = "wiped"


class Row(NamedTuple):
    """Something that happened at an instant (ms UTC).

    state, excuse, causes: of a STATE. was, became: of a VERSION; became: the version that did not prove
    itself, of WENT_BACK, or whose roll-out ended. text: why there is work, or why a version went back;
    said: what that means.
    """

    at: int
    kind: Kind
    state: State = State.OK
    excuse: Excuse = Excuse.NONE
    causes: tuple[Cause, ...] = ()
    was: str = ""
    became: str = ""
    text: str = ""
    said: Sequence[Mapping[str, Any]] = ()


class Timeline(NamedTuple):
    """A page of rows; older: the instant before which the next page looks, None at the end."""

    rows: list[Row]
    older: int | None


def read_timeline(session: Session, kiosk: int, now: int, before: int = NEWEST) -> Timeline:
    """Return a page of what happened to a zuil before an instant, eight statements whatever its length."""
    found = [
        *_states(session, kiosk, before),
        *_happenings(session, kiosk, before),
        *_work(session, kiosk, before, now),
        *_ways_back(session, kiosk, before),
        *_ended_rollouts(session, kiosk, before),
        *_replacements(session, kiosk, before),
        *_farewells(session, kiosk, before),
    ]
    found.sort(key=lambda row: row.at, reverse=True)
    if len(found) <= PAGE:
        return Timeline(found, None)
    # What happened in one instant stands on one page: the next one begins before it.
    last = found[PAGE - 1].at
    rows = [row for row in found if row.at >= last]
    return Timeline(rows, last if len(rows) < len(found) else None)


def _states(session: Session, kiosk: int, before: int) -> Iterator[Row]:
    at = col(KioskTransition.at)
    query = select(KioskTransition).where(KioskTransition.kiosk == kiosk, at < before)
    for row in session.exec(query.order_by(at.desc()).limit(PAGE + 1)):
        causes = tuple(map(Cause, filter(None, row.causes.split(","))))
        yield Row(row.at, Kind.STATE, State(row.state), Excuse(row.excuse), causes)


def _happenings(session: Session, kiosk: int, before: int) -> Iterator[Row]:
    at = col(KioskHappening.at)
    query = select(KioskHappening).where(KioskHappening.kiosk == kiosk, at < before)
    for row in session.exec(query.order_by(at.desc(), col(KioskHappening.id)).limit(PAGE + 1)):
        yield Row(row.at, Kind(row.kind), was=row.was, became=row.became)


def _work(session: Session, kiosk: int, before: int, now: int) -> Iterator[Row]:
    for at, kind in ((col(Maintenance.starts), Kind.WORK_BEGAN), (col(Maintenance.ends), Kind.WORK_ENDED)):
        query = select(at, Maintenance.reason).where(Maintenance.kiosk == kiosk, at < before, at <= now)
        for instant, reason in session.exec(query.order_by(at.desc()).limit(PAGE + 1)):
            yield Row(instant, kind, text=reason)


def _ways_back(session: Session, kiosk: int, before: int) -> Iterator[Row]:
    at = col(KioskRelease.at)
    query = select(KioskRelease).where(
        KioskRelease.kiosk == kiosk, KioskRelease.step == Step.FAILED, at < before
    )
    for row in session.exec(query.order_by(at.desc()).limit(PAGE + 1)):
        yield Row(row.at, Kind.WENT_BACK, became=row.version, text=row.sentence, said=row.said)


def _ended_rollouts(session: Session, kiosk: int, before: int) -> Iterator[Row]:
    """Yield when a roll-out in which it took part was stopped, or halted by itself."""
    told = select(KioskRelease.offer, KioskRelease.version).where(KioskRelease.kiosk == kiosk)
    versions = {offer.partition(".")[0]: version for offer, version in session.exec(told)}
    kinds = {"stop-rollout": Kind.ROLLOUT_STOPPED, "halt-rollout": Kind.ROLLOUT_HALTED}
    query = select(AuditEntry.at, AuditEntry.action, AuditEntry.subject_id).where(
        AuditEntry.subject_kind == "rollout",
        col(AuditEntry.subject_id).in_(versions),
        col(AuditEntry.action).in_(kinds),
    )
    if before < NEWEST:
        query = query.where(col(AuditEntry.at) < from_millis(before))
    for at, action, rollout in session.exec(query.order_by(col(AuditEntry.at).desc()).limit(PAGE + 1)):
        yield Row(to_millis(at), kinds[action], became=versions[rollout])


def _replacements(session: Session, kiosk: int, before: int) -> Iterator[Row]:
    since = col(FormerDevice.since)
    query = select(FormerDevice.since).where(FormerDevice.successor == kiosk)
    if before < NEWEST:
        query = query.where(since < from_millis(before))
    for at in session.exec(query.order_by(since.desc()).limit(PAGE + 1)):
        yield Row(to_millis(at), Kind.REPLACED)


def _farewells(session: Session, kiosk: int, before: int) -> Iterator[Row]:
    """Yield when it was taken out of use, and when it destroyed its keys and cards."""
    kinds = {"remove": Kind.RETIRED, "wiped": Kind.WIPED}
    query = select(AuditEntry.at, AuditEntry.action).where(
        AuditEntry.subject_kind == "kiosk",
        AuditEntry.subject_id == str(kiosk),
        col(AuditEntry.action).in_(kinds),
    )
    if before < NEWEST:
        query = query.where(col(AuditEntry.at) < from_millis(before))
    for at, action in session.exec(query.order_by(col(AuditEntry.at).desc()).limit(PAGE + 1)):
        yield Row(to_millis(at), kinds[action])
