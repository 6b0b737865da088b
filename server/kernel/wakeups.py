"""Hear what other server processes announce: PostgreSQL's LISTEN on a connection of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from server.kernel.database import Database

_CHECK_SECONDS: Final = 0.5
_AGAIN_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)


class Listener:
    """A thread that calls `heard` with every payload on a channel, and `missed` after a lost connection."""

    def __init__(
        self, database: Database, channel: str, heard: Callable[[str], None], missed: Callable[[], None]
    ) -> None:
        url = database.engine.url.set(drivername="postgresql")
        self._address = url.render_as_string(hide_password=False)
        self._channel = channel
        self._heard = heard
        self._missed = missed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listen {channel}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, within a second."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (psycopg.Error, SQLAlchemyError) as error:
                _log.warning("listening on %s failed, trying again: %s", self._channel, error)
                self._stopping.wait(_AGAIN_SECONDS)

    def _listen(self) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            # What was announced before this moment was not heard.
            self._missed()
            while not self._stopping.is_set():
                for notification in connection.notifies(timeout=_CHECK_SECONDS):
                    self._heard(notification.payload)
