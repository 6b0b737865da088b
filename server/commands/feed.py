"""`zuil-server feed new-epoch`: after a restored backup, let every zuil begin again from a snapshot."""

from __future__ import annotations

import argparse
import sys

from server.commands.common import Commands, opened
from server.feed.epoch import new_epoch
from server.settings import Settings


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("feed", help="the change feed of the zuilen")
    actions = parser.add_subparsers(required=True, metavar="action")
    renew = actions.add_parser("new-epoch", help="after a restored backup: every zuil fetches a snapshot")
    renew.set_defaults(run=run)


def run(settings: Settings, _: argparse.Namespace) -> int:
    """Begin a new epoch."""
    with opened(settings) as database, database.writing() as session:
        cursor = new_epoch(session)
    sys.stdout.write(f"The feed begins again at {cursor}.\n")
    return 0
