"""What the server does by itself, and how often."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from apscheduler.schedulers.background import BackgroundScheduler

from server.jobs import (
    alerts,
    bulk,
    cards,
    event_import,
    invitations,
    outbox,
    purge,
    rollouts,
    rotation,
    snapshots,
    thinning,
    waiting,
)
from server.jobs.claims import claim
from server.kernel.database import Database
from server.settings import Settings

_log = logging.getLogger(__name__)

Work = Callable[[Database, Settings], None]


@dataclass(frozen=True)
class Job:
    """A piece of work that one process does every so often; doing it twice does no harm."""

    name: str
    every_seconds: int
    work: Work


JOBS: Final[Sequence[Job]] = (
    Job("judge waiting visits", 30, waiting.judge),
    Job("rotate token keys", 5, rotation.rotate),
    Job("forget former token keys", 86_400, rotation.forget_former),
    Job("purge nonces and attempts", 60, purge.purge_requests),
    Job("purge sessions and codes", 3_600, purge.purge_expired),
    Job("forget unknown chips", 86_400, waiting.forget),
    Job("forget names nobody has", 86_400, purge.forget_names),
    Job("build snapshots", 900, snapshots.build),
    Job("escalate alerts", 30, alerts.escalate_alerts),
    Job("judge roll-outs", 5, rollouts.judge_rollouts),
    Job("mail alerts", 10, alerts.mail_alerts),
    Job("write to pashouders", 10, invitations.write),
    Job("send mails", 5, outbox.send),
    Job("post alerts", 5, alerts.post_alerts),
    Job("thin the history of zuilen", 600, thinning.thin_history),
    Job("take in lists of cards", 15, cards.take_in_lists),
    Job("work at lists of people", 15, bulk.work_at_lists),
    Job("forget lists of people", 3_600, bulk.forget),
    Job("count cards", 30, cards.count_cards),
    Job("warn of low stock", 60, cards.warn),
    Job("import events", 3_600, event_import.import_events),
)


def run_job(job: Job, database: Database, settings: Settings) -> bool:
    """Do a job if no other process did in this period; return whether it was done here."""
    with database.writing() as session:
        if not claim(session, job.name, job.every_seconds):
            return False
    try:
        job.work(database, settings)
    except Exception:  # noqa: BLE001 - logged whole; see below
        # The next period tries again; one job's trouble is not another's.
        _log.exception("the job %r failed", job.name)
    return True


@contextmanager
def jobs_running(database: Database, settings: Settings) -> Iterator[None]:
    """Do the jobs in the background for as long as the block lasts."""
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    scheduler = BackgroundScheduler(timezone="UTC")
    for job in JOBS:
        scheduler.add_job(
            run_job,
            "interval",
            args=(job, database, settings),
            seconds=job.every_seconds,
            jitter=max(1, job.every_seconds // 10),
            coalesce=True,
            misfire_grace_time=None,
        )
    scheduler.start()
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)
