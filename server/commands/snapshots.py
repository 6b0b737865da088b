"""`zuil-server snapshots build`: build the files new zuilen will ask for."""

from __future__ import annotations

import argparse
import sys

from server.commands.common import Commands, opened
from server.feed.publisher import publish
from server.feed.rows import token_keys
from server.feed.snapshots import SnapshotStore
from server.settings import Settings


def register(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("snapshots", help="files with all cards of a card system")
    actions = parser.add_subparsers(required=True, metavar="action")
    build = actions.add_parser("build", help="build one for every card system")
    build.set_defaults(run=run)


def run(settings: Settings, _: argparse.Namespace) -> int:
    """Build a snapshot of every card system."""
    store = SnapshotStore(settings.data_dir / "snapshots")
    with opened(settings) as database:
        publish(database)
        with database.reading() as session:
            systems = sorted(token_keys(session))
        for system in systems:
            info = store.build(database, system)
            sys.stdout.write(f"card system {system}: {info.cards} cards, {info.size} bytes\n")
    return 0
