"""Follow UiTdatabank, when the settings say where it is searched."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime

from server.events.importing import import_source
from server.kernel.database import Database
from server.settings import Settings

_log = logging.getLogger(__name__)


def import_events(database: Database, settings: Settings) -> None:
    """Import every page of the search address."""
    if settings.search_url is None:
        return
    lines = import_source(
        database, settings.search_url, now=datetime.now(UTC), client_id=settings.search_key or ""
    )
    totals = Counter(line.result for line in lines)
    _log.info("events imported: %s", ", ".join(f"{count} {result}" for result, count in totals.items()))
