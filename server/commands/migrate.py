"""`zuil-server migrate`: make or renew the tables."""

from __future__ import annotations

import argparse

from server.commands.common import Commands, opened
from server.migrations.run import migrate
from server.settings import Settings


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("migrate", help="make or renew the tables")
    parser.add_argument("--revision", default="head", help="another revision than the newest, or `base`")
    parser.set_defaults(run=run)


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Bring the database to the revision."""
    with opened(settings) as database:
        migrate(database, arguments.revision)
    return 0
