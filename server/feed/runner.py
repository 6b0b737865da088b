"""The publisher of one server process: publishes soon after each commit, and tells who is concerned."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from server.feed.epoch import head
from server.feed.publisher import ordered_between, publish
from server.feed.wakeup import FEED_CHANNEL, Touched, decode_touched
from server.kernel.database import Database
from server.kernel.wakeups import Listener

WATCH_SECONDS: Final = 0.5
"""How long a change of a command or another process on SQLite may go unnoticed."""
REST_SECONDS: Final = 0.1
"""Least time between two publications: many changes share one."""
_log = logging.getLogger(__name__)


class FeedRunner:
    """A thread that publishes; `touched` is called from it, also for what other processes published."""

    def __init__(self, database: Database, touched: Callable[[Touched], None]) -> None:
        self._database = database
        self._touched = touched
        self._nudged = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed publisher", daemon=True)
        self._position = 0
        self._listener: Listener | None = None
        if database.is_postgresql:
            self._listener = Listener(
                database, FEED_CHANNEL, lambda text: self._tell(decode_touched(text)), self._catch_up
            )
        database.on_change(self._nudged.set)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()
        if self._listener is not None:
            self._listener.start()

    def stop(self) -> None:
        """Publish no more. What is committed and unpublished is published by whoever comes next."""
        self._stopping.set()
        self._nudged.set()
        self._thread.join()
        if self._listener is not None:
            self._listener.stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._nudged.wait(WATCH_SECONDS)
            self._nudged.clear()
            try:
                self._turn()
            except (SQLAlchemyError, psycopg.Error) as error:
                _log.warning("publishing failed, trying again: %s", error)
            self._stopping.wait(REST_SECONDS)

    def _turn(self) -> None:
        touched = publish(self._database, yielding=True)
        if self._listener is not None:
            return
        # A zuil that asks for changes publishes too, and so may another process: without LISTEN that
        # shows only by the position.
        if touched is not None and touched.since == self._position:
            self._tell(touched)
        self._catch_up()

    def _catch_up(self) -> None:
        """Tell of what was published and not heard."""
        with self._database.reading() as session:
            position = head(session).position
            if position <= self._position:
                return
            # At the start no stream is open yet; each is told what waits when it opens.
            ordered = ordered_between(session, self._position, position) if self._position else frozenset()
        self._tell(Touched(position, everyone=True, ordered=ordered))

    def _tell(self, touched: Touched) -> None:
        self._position = max(self._position, touched.position)
        self._touched(touched)
