"""Mails to pashouders about their UiTPAS and their UiTiD."""

from __future__ import annotations

from datetime import UTC, datetime

from server.kernel.database import Database
from server.settings import Settings
from server.uitid.inviting import write_invitations


def write(database: Database, settings: Settings) -> None:
    """Write the mails that are due, when there is somewhere for them to go."""
    if not settings.has_mail:
        return
    with database.writing() as session:
        write_invitations(session, datetime.now(UTC), settings.address)
