"""`zuil-server serve`: answer requests, with as many processes as the settings say."""

from __future__ import annotations

import argparse
import gc
import os
import socket
import sys
from contextlib import suppress
from typing import Final

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from server.commands.common import Commands, opened
from server.kernel.keys import signing_key
from server.kernel.logs import install_logs
from server.migrations.run import require_current
from server.settings import Settings

GRACE_SECONDS: Final = 3
BACKLOG: Final = 2048
"""Connections that may wait to be accepted: every zuil comes back at once after an outage."""


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("serve", help="answer requests until Ctrl-C")
    parser.set_defaults(run=run)


def run(settings: Settings, _: argparse.Namespace) -> int:
    """Serve until a signal; 1 when the port is taken."""
    with opened(settings) as database:
        require_current(database)
        with database.reading() as session:
            signing_key(session)  # a wrong ZUIL_SECRET_KEY shows here, not at the first zuil
    try:
        listener = _listener(settings)
    except OSError as error:
        # Without the address, which Python repeats.
        reason = (error.strerror or str(error)).partition(" (")[0]
        sys.stderr.write(f"zuil-server: cannot listen on {settings.host} port {settings.port}: {reason}.\n")
        return 1
    config = uvicorn.Config(
        "server.commands.serve:application",
        factory=True,
        workers=settings.workers,
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        proxy_headers=True,
        backlog=BACKLOG,
    )
    with listener:
        return _serve(config, listener)


def application() -> FastAPI:
    """Return the application of a worker process; called by uvicorn in that process."""
    # What is loaded stays: looking for garbage among it takes a fifth of the start.
    gc.disable()
    from server.app import create_app  # here: no other command should wait for it

    settings = Settings.from_environment(os.environ)
    # A worker is a process of its own, and uvicorn has set up its own logging by now.
    install_logs(as_json=settings.log_json)
    app = create_app(settings)
    _applications.append(app)
    # What is there now stays, and an upload makes thousands of short-lived values but no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    return app


def _listener(settings: Settings) -> socket.socket:
    """Return the socket that the processes listen on.

    Raises:
        OSError: the port is taken.
    """
    address = settings.host, settings.port
    listener = socket.create_server(address, backlog=BACKLOG)
    if settings.workers == 1:
        return listener
    # So far it was made sure that nobody else has the port.
    listener.close()
    return _Share(address)


class _Share(socket.socket):
    """A socket of which every process has its own, so that the kernel spreads connections over them.

    Of processes that accept from one socket, the one that wakes first takes most.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        self._address = address
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.bind(address)

    def __reduce__(self) -> tuple[type[_Share], tuple[tuple[str, int]]]:
        """Become a socket of its own in another process."""
        return _Share, (self._address,)


_applications: list[FastAPI] = []


class _Server(uvicorn.Server):
    """Hangs up the streams when it stops; uvicorn alone would wait for them to end by themselves."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for app in _applications:
            app.state.hub.close()
            app.state.closing = True
            app.state.database.is_closing = True
        await super().shutdown(sockets)


def _serve(config: uvicorn.Config, listener: socket.socket) -> int:
    if config.workers > 1:
        # uvicorn starts servers of its own class: their streams end after the grace period.
        Multiprocess(config, sockets=[listener]).run()
        return 0
    server = _Server(config)
    # uvicorn stops in good order and then raises Ctrl-C once more.
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 1
