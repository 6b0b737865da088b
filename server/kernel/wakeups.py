"""Hear what other server processes announce: PostgreSQL's LISTEN on a connection of its own."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy.exc import SQLAlchemyError

from server.kernel.database import Database

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
        # What `stop` writes to wakes the thread, which otherwise waits for PostgreSQL alone.
        self._bell, self._ear = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name=f"listen {channel}", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening at once."""
        self._stopping.set()
        self._bell.send(b"!")
        self._thread.join()
        self._bell.close()
        self._ear.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (psycopg.Error, SQLAlchemyError) as error:
                _log.warning("listening on %s failed, trying again: %s", self._channel, error)
                self._stopping.wait(_AGAIN_SECONDS)

    def _listen(self) -> None:
        with (
            psycopg.connect(self._address, autocommit=True) as connection,
            selectors.DefaultSelector() as ready,
        ):
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            # What was announced before this moment was not heard.
            self._missed()
            ready.register(connection, selectors.EVENT_READ)
            ready.register(self._ear, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for notification in connection.notifies(timeout=0):
                    self._heard(notification.payload)
                ready.select()
