"""Tell people what is wrong with zuilen: mails, the webhook, and everyone when nobody reacts."""

from __future__ import annotations

import time

from server.kernel.database import Database
from server.monitor.mailing import forget_notices, write_mails
from server.monitor.notices import escalate
from server.monitor.webhook import post_due
from server.settings import Settings


def escalate_alerts(database: Database, _: Settings) -> None:
    """Tell everyone responsible of what nobody acknowledged in time."""
    with database.writing() as session:
        escalate(session, _now())


def mail_alerts(database: Database, settings: Settings) -> None:
    """Write the mails that are due, when there is somewhere for them to go."""
    if not settings.has_mail:
        with database.writing() as session:
            forget_notices(session, _now())
        return
    with database.writing() as session:
        write_mails(session, _now(), settings.address)


def post_alerts(database: Database, settings: Settings) -> None:
    """Post what happened to the webhooks of the operator and of card systems."""
    post_due(database, settings, _now())


def _now() -> int:
    return time.time_ns() // 1_000_000
