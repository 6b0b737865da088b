"""The history of the zuilen gets thinner as it gets older."""

from __future__ import annotations

import time

from server.kernel.database import Database
from server.monitor.thinning import thin
from server.settings import Settings


def thin_history(database: Database, _: Settings) -> None:
    """Sum up the hours and days that are complete, forget what is too old."""
    thin(database, time.time_ns() // 1_000_000)
