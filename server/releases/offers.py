"""What a zuil is offered: the release of the newest roll-out that is for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.kiosks.models import KioskLive
from server.releases.models import KioskTrack, Release, Rollout
from server.releases.store import file_name
from shared.domain.releases import Track
from shared.domain.rollouts import Plan, RolloutState, Taker, offered, withdrawn
from shared.wire.messages import PREFIX, ReleaseOffer

MOST: Final = 30
"""Roll-outs that are looked at, the newest: what is older than that was long since followed by another."""


class Offered(NamedTuple):
    """What a zuil's configuration says about releases."""

    release: ReleaseOffer | None
    withdrawn: list[str]


def plan_of(rollout: Rollout, release: Release) -> Plan:
    """Return a roll-out in the words of the rules."""
    return Plan(
        id=rollout.id or 0,
        version=release.version,
        track=Track(rollout.track),
        percent=rollout.percent,
        systems=frozenset(rollout.systems),
        state=RolloutState(rollout.state),
    )


def offer_to(session: Session, kiosk: int, systems: Collection[int]) -> Offered:
    """Return what a zuil of these card systems is offered now."""
    newest = select(Rollout, Release).join(Release, col(Release.id) == col(Rollout.release_id))
    found = {
        rollout.id: (rollout, release)
        for rollout, release in session.exec(newest.order_by(col(Rollout.id).desc()).limit(MOST))
    }
    if not found:
        return Offered(None, [])
    plans = [plan_of(rollout, release) for rollout, release in found.values()]
    taker = _taker(session, kiosk, systems)
    chosen = offered(plans, taker)
    offer = None if chosen is None else _message(*found[chosen.id])
    return Offered(offer, withdrawn(plans, taker))


def _taker(session: Session, kiosk: int, systems: Collection[int]) -> Taker:
    live, chosen = session.get(KioskLive, kiosk), session.get(KioskTrack, kiosk)
    track = Track(chosen.track) if chosen else Track.STABLE
    return Taker(kiosk, track, frozenset(systems), live.version if live else "")


def _message(rollout: Rollout, release: Release) -> ReleaseOffer:
    return ReleaseOffer(
        id=rollout.offer,
        version=release.version,
        size=release.size,
        unpacked=release.unpacked,
        sha256=release.sha256,
        url=f"{PREFIX}/releases/{file_name(release)}",
    )
