"""Rolling out: begun, widened, paused, resumed and stopped by people; halted by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from server.feed.changes import kiosks_changed
from server.kernel.audit import AuditEntry, record
from server.kernel.errors import ProblemError
from server.releases.models import KioskTrack, Release, Rollout
from server.releases.progress import members, progress_of
from shared.domain.releases import Track
from shared.domain.rollouts import WHOLE, RolloutState, Verdict, is_within, judge_rollout
from shared.domain.zones import from_millis, to_millis

_OPEN: Final = (RolloutState.RUNNING, RolloutState.PAUSED, RolloutState.HALTED)


def start_rollout(
    session: Session,
    release: Release,
    now: datetime,
    *,
    track: Track = Track.STABLE,
    percent: int = WHOLE,
    systems: Sequence[int] = (),
    staff_id: int | None = None,
) -> Rollout:
    """Offer a release to a part of the zuilen of a track, of these card systems or of all.

    Raises:
        ProblemError: 422, the percentage is none.
    """
    _check(percent)
    rollout = Rollout(
        release_id=release.id or 0,
        track=track.value,
        percent=percent,
        systems=sorted(set(systems)),
        since=to_millis(now),
        started_at=now,
        started_by=staff_id,
    )
    session.add(rollout)
    session.flush()
    detail = {"version": release.version, "track": track.value, "percent": percent}
    _changed(session, rollout, "start-rollout", staff_id, detail | {"card_systems": rollout.systems})
    return rollout


def widen(session: Session, rollout: Rollout, percent: int, now: int, *, staff_id: int | None = None) -> None:
    """Offer it to more zuilen.

    Raises:
        ProblemError: 409, it is not running; 422, that are not more.
    """
    _check(percent)
    _require(rollout, RolloutState.RUNNING)
    if percent <= rollout.percent:
        raise ProblemError(422, "A roll-out only grows.", type="zuil:percent")
    before, rollout.percent, rollout.since = rollout.percent, percent, now
    detail = {"before": {"percent": before}, "after": {"percent": percent}}
    _changed(session, rollout, "widen-rollout", staff_id, detail)


def pause(session: Session, rollout: Rollout, *, staff_id: int | None = None) -> None:
    """Offer it to no further zuil; who has it keeps it."""
    _require(rollout, RolloutState.RUNNING)
    rollout.state = RolloutState.PAUSED.value
    _changed(session, rollout, "pause-rollout", staff_id)


def resume(session: Session, rollout: Rollout, now: int, *, staff_id: int | None = None) -> None:
    """Go on; zuilen that failed try once more when it had halted."""
    _require(rollout, RolloutState.PAUSED, RolloutState.HALTED)
    rollout.tries += rollout.state == RolloutState.HALTED
    rollout.state, rollout.reason, rollout.since = RolloutState.RUNNING.value, "", now
    _changed(session, rollout, "resume-rollout", staff_id)


def stop(session: Session, rollout: Rollout, *, staff_id: int | None = None) -> None:
    """End it for good: who has the release goes back to what it ran before."""
    _require(rollout, *_OPEN)
    rollout.state = RolloutState.STOPPED.value
    _changed(session, rollout, "stop-rollout", staff_id)


def halt_if_worse(session: Session, rollout: Rollout, now: int) -> Verdict:
    """Halt a roll-out when the zuilen that took it are worse off; return why."""
    found = progress_of(session, rollout, now)
    verdict = judge_rollout(found.tried, found.failed, found.updated, found.others)
    if verdict is not Verdict.FINE:
        rollout.state, rollout.reason = RolloutState.HALTED.value, verdict.value
        figures = {"tried": found.tried, "failed": found.failed, "worse": found.updated.bad}
        _changed(session, rollout, "halt-rollout", None, {"reason": verdict.value, **figures})
    return verdict


def halt_figures(session: Session, rollout: Rollout) -> Mapping[str, int]:
    """Return for which figures, of all its zuilen, a roll-out halted; none when it did not."""
    if rollout.state != RolloutState.HALTED:
        return {}
    query = select(AuditEntry.detail).where(
        AuditEntry.action == "halt-rollout",
        AuditEntry.subject_kind == "rollout",
        AuditEntry.subject_id == str(rollout.id),
    )
    return session.exec(query.order_by(col(AuditEntry.id).desc())).first() or {}


def running_rollouts(session: Session) -> Sequence[Rollout]:
    """Return the roll-outs under way, each locked until the commit: one process judges it."""
    query = select(Rollout).where(Rollout.state == RolloutState.RUNNING.value).order_by(col(Rollout.id))
    return session.exec(query.with_for_update(skip_locked=True)).all()


def choose_track(session: Session, kiosk: int, track: Track, *, staff_id: int | None = None) -> bool:
    """Say which releases a zuil takes part in; return whether that changed."""
    known = session.get(KioskTrack, kiosk)
    before = known.track if known else Track.STABLE.value
    if before == track:
        return False
    session.merge(KioskTrack(kiosk=kiosk, track=track.value))
    kiosks_changed(session, [kiosk])
    detail = {"before": {"track": before}, "after": {"track": track.value}}
    record(session, "choose-track", "kiosk", kiosk, staff_id=staff_id, detail=detail)
    return True


def began_at(rollout: Rollout) -> datetime:
    """Return when the present stage of a roll-out began."""
    return from_millis(rollout.since)


def _changed(
    session: Session,
    rollout: Rollout,
    action: str,
    staff_id: int | None,
    detail: dict[str, Any] | None = None,
) -> None:
    session.add(rollout)
    session.flush()
    version = session.get_one(Release, rollout.release_id).version
    # The others have nothing to read: what they are offered is the same.
    zuilen = [one for one in members(session, rollout) if is_within(one, version, rollout.percent)]
    if zuilen:
        kiosks_changed(session, zuilen)
    record(session, action, "rollout", rollout.id, staff_id=staff_id, detail=detail)


def _require(rollout: Rollout, *states: RolloutState) -> None:
    if rollout.state not in states:
        raise ProblemError(409, "This roll-out is not in a state for that (any more).", type="zuil:rollout")


def _check(percent: int) -> None:
    if not 1 <= percent <= WHOLE:
        raise ProblemError(422, "A percentage is from 1 to 100.", type="zuil:percent")
