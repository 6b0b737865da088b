"""Mail leaves, whatever wrote it."""

from __future__ import annotations

import time

from server.kernel.database import Database
from server.kernel.mail import Postbox
from server.kernel.outbox import keep_mails, send_mails
from server.settings import Settings


def send(database: Database, settings: Settings) -> None:
    """Hand what waits to the mail server, when there is one; a demo without one shows it on a page."""
    now = time.time_ns() // 1_000_000
    if settings.smtp_url is not None:
        send_mails(database, Postbox(settings.smtp_url, settings.mail_from), now)
    elif settings.demo:
        with database.writing() as session:
            keep_mails(session, now)
