"""`zuil-server serve`: answer requests, with as many processes as the settings say."""

from __future__ import annotations

import argparse
import os
import socket
import sys

import uvicorn

from server.app import create_app
from server.commands.common import Commands, opened
from server.migrations.run import require_current
from server.settings import Settings


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("serve", help="answer requests until Ctrl-C")
    parser.set_defaults(run=run)


def run(settings: Settings, _: argparse.Namespace) -> int:
    """Serve until a signal; 1 when the port is taken."""
    with opened(settings) as database:
        require_current(database)
    try:
        listener = socket.create_server((settings.host, settings.port), backlog=2048, reuse_port=False)
    except OSError as error:
        sys.stderr.write(
            f"zuil-server: cannot listen on {settings.host} port {settings.port}: {error.strerror}.\n"
        )
        return 1
    config = uvicorn.Config(
        "server.commands.serve:application",
        factory=True,
        workers=settings.workers,
        access_log=False,
        timeout_graceful_shutdown=5,
        proxy_headers=True,
    )
    with listener:
        return _serve(config, listener)


def application() -> object:
    """Return the application of a worker process; called by uvicorn."""
    return create_app(Settings.from_environment(os.environ))


def _serve(config: uvicorn.Config, listener: socket.socket) -> int:
    server = uvicorn.Server(config)
    if config.workers == 1:
        server.run(sockets=[listener])
        return 0 if server.started else 1
    from uvicorn.supervisors import Multiprocess

    Multiprocess(config, target=server.run, sockets=[listener]).run()
    return 0
