"""The watch of one server process: judges soon after news came, and when time alone decides."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from server.kernel.database import Database
from server.monitor.incidents import follow_states
from server.monitor.judging import MOST, alone, is_any_due, judge_due, keep_listening

TICK_SECONDS: Final = 0.5
PULSE_SECONDS: Final = 5.0
_log = logging.getLogger(__name__)


class Watch(threading.Thread):
    """Judges every half second what is due; an idle turn is one look in an index."""

    def __init__(self, database: Database) -> None:
        super().__init__(name="watch", daemon=True)
        self._database = database
        self._stopping = threading.Event()
        self._pulsed = float("-inf")

    def run(self) -> None:
        """Judge until stopped; what fails is tried again."""
        while not self._stopping.wait(TICK_SECONDS):
            try:
                self._turn()
            except (SQLAlchemyError, psycopg.Error) as error:
                _log.warning("the zuilen could not be judged, trying again: %s", error)
            except Exception:  # noqa: BLE001 - a bug must not end the watch; it is logged whole
                _log.exception("the zuilen could not be judged")

    def stop(self) -> None:
        """Stop after the turn that is under way."""
        self._stopping.set()
        self.join()

    def _turn(self) -> None:
        is_time = time.monotonic() - self._pulsed >= PULSE_SECONDS
        look(self._database, time.time_ns() // 1_000_000, listening=is_time)
        if is_time:
            self._pulsed = time.monotonic()


def look(database: Database, now: int, *, listening: bool = True) -> None:
    """Judge everything that is due at `now` (ms UTC); `listening` also says that somebody listens."""
    if listening:
        with database.writing() as session:
            keep_listening(session, now)
    count = MOST
    while count == MOST:
        with database.reading() as session:
            if not listening and not is_any_due(session, now):
                return
        with database.writing() as session:
            if not alone(session):
                return
            count, changed = judge_due(session, now)
            # What time alone brings on is looked for at each pulse.
            if changed or (listening and count < MOST):
                follow_states(session, now)


@contextmanager
def watching(database: Database) -> Iterator[None]:
    """Watch the zuilen for as long as the block lasts."""
    watch = Watch(database)
    watch.start()
    try:
        yield
    finally:
        watch.stop()
