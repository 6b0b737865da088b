"""Every table there is, so that Alembic can compare them with a database."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import server.api.models
import server.batches.models
import server.bulk.models
import server.cards.models
import server.cardsystems.models
import server.checkins.models
import server.counters.models
import server.events.models
import server.families.models
import server.feed.models
import server.grouppasses.models
import server.jobs.claims
import server.kernel.attempts
import server.kernel.audit
import server.kernel.keys
import server.kernel.oauth1
import server.kernel.outbox
import server.kiosks.models
import server.monitor.models
import server.passholders.models
import server.posters.models
import server.prices.models
import server.releases.models
import server.rewards.models
import server.staff.models
import server.uitid.models
import server.vouchers.models
import server.web.models  # noqa: F401 - each import registers its tables


def metadata() -> MetaData:
    """Return the tables of the whole server."""
    return SQLModel.metadata
