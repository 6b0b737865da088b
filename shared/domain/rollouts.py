"""Rolling a release out in stages: which zuilen it is for, and when it stops by itself.

A roll-out halts when the zuilen that took the release are worse off than those that did not: they go
back to what they ran before, fall silent, or break. A handful of zuilen proves little, so how many
there are counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final, NamedTuple

from shared.domain.releases import Track

_BUCKETS: Final = 10_000
WHOLE: Final = 100
"""Percent."""
FAILED_SHARE: Final = 0.10
SEVERAL: Final = 3
SEVERAL_SHARE: Final = 0.03
WORSE_BY: Final = 0.10
FEW: Final = 2
_SURE: Final = 2.33
"""Standard errors: by chance alone once in a hundred."""


class RolloutState(StrEnum):
    """How a roll-out stands.

    PAUSED, HALTED: no further zuil takes it, those that have it keep it; HALTED came by itself.
    STOPPED: those that have it go back.
    """

    RUNNING = "running"
    PAUSED = "paused"
    HALTED = "halted"
    STOPPED = "stopped"


class Verdict(StrEnum):
    """Why a roll-out halts."""

    FINE = ""
    FAILED = "failed"
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Health:
    """Some zuilen: how many there are, and how many broke or fell silent since the roll-out began."""

    count: int = 0
    bad: int = 0

    @property
    def share(self) -> float:
        """Return which part is bad, 0 of none."""
        return self.bad / self.count if self.count else 0.0


def bucket(kiosk: int, version: str) -> int:
    """Return the place of a zuil in the roll-out of a version, 0 to 9999; always the same.

    Of another version it is another place, so that it is not always the same zuilen that go first.
    """
    digest = hashlib.blake2b(f"{version} {kiosk}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % _BUCKETS


def is_within(kiosk: int, version: str, percent: int) -> bool:
    """Tell whether a zuil is among the first `percent` of a roll-out: who is at 10 is at 20 too."""
    return bucket(kiosk, version) * WHOLE < percent * _BUCKETS


class Plan(NamedTuple):
    """A roll-out, as far as it decides what a zuil is offered. systems: card systems, none for all."""

    id: int
    version: str
    track: Track
    percent: int
    systems: frozenset[int]
    state: RolloutState


class Taker(NamedTuple):
    """A zuil that may take a release. systems: of its counters. running: the version it last spoke of."""

    kiosk: int
    track: Track
    systems: frozenset[int]
    running: str


def concerns(plan: Plan, taker: Taker) -> bool:
    """Tell whether a zuil is of the track and the card systems of a roll-out."""
    on_track = plan.track is Track.STABLE or taker.track is Track.BETA
    return on_track and (not plan.systems or bool(plan.systems & taker.systems))


def offered(plans: Sequence[Plan], taker: Taker) -> Plan | None:
    """Return the roll-out whose release a zuil should run, None when it may stay as it is.

    plans: the newest first. Who has a release keeps it, unless its roll-out was stopped.
    """
    for plan in plans:
        if plan.state is RolloutState.STOPPED:
            continue
        if plan.version == taker.running:
            return plan
        is_open = plan.state is RolloutState.RUNNING and is_within(taker.kiosk, plan.version, plan.percent)
        if is_open and concerns(plan, taker):
            return plan
    return None


def withdrawn(plans: Sequence[Plan], taker: Taker) -> list[str]:
    """Return the versions that a zuil should leave: their roll-outs were stopped, and no other has them."""
    here = [plan for plan in plans if not plan.systems or plan.systems & taker.systems]
    kept = {plan.version for plan in here if plan.state is not RolloutState.STOPPED}
    return sorted({plan.version for plan in here} - kept)


def judge_rollout(tried: int, failed: int, updated: Health, others: Health) -> Verdict:
    """Tell whether a roll-out must halt.

    tried, failed: zuilen that switched to it, and that went back or were not heard any more.
    updated, others: the zuilen that run it, and those that could but do not yet.
    """
    share = failed / tried if tried else 0.0
    if share >= FAILED_SHARE or (failed >= SEVERAL and share >= SEVERAL_SHARE):
        return Verdict.FAILED
    if updated.bad >= FEW and updated.share - others.share >= WORSE_BY and _is_sure(updated, others):
        return Verdict.WORSE
    return Verdict.FINE


def _is_sure(updated: Health, others: Health) -> bool:
    """Tell whether a difference is more than chance: two shares, one-sided."""
    if not others.count:
        return True
    pooled = (updated.bad + others.bad) / (updated.count + others.count)
    spread = sqrt(pooled * (1 - pooled) * (1 / updated.count + 1 / others.count))
    return spread == 0 or (updated.share - others.share) / spread >= _SURE
