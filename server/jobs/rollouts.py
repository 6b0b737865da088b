"""Halt what makes zuilen worse, and tell who watches over them."""

from __future__ import annotations

import time

from server.kernel.database import Database
from server.monitor.rollouts import raise_alert
from server.releases.rollouts import halt_if_worse, running_rollouts
from server.settings import Settings
from shared.domain.rollouts import Verdict


def judge_rollouts(database: Database, _: Settings) -> None:
    """Judge every roll-out that is under way."""
    now = time.time_ns() // 1_000_000
    with database.writing() as session:
        for rollout in running_rollouts(session):
            if halt_if_worse(session, rollout, now) is not Verdict.FINE:
                raise_alert(session, rollout, now)
