"""`zuil-server places import`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from server.commands.common import Commands, opened
from server.migrations.run import require_current
from server.passholders.places import PlacesError, put_places, read_places
from server.settings import Settings


def register(commands: Commands) -> None:
    """Add the command."""
    places = commands.add_parser("places", help="places and their municipalities").add_subparsers(
        required=True, metavar="action"
    )
    parser = places.add_parser(
        "import",
        help="let a list be all places: CSV with Postcode, Plaatsnaam, Hoofdgemeente",
    )
    parser.add_argument("file", type=Path)
    parser.set_defaults(run=import_places)


def import_places(settings: Settings, arguments: argparse.Namespace) -> int:
    """Import a list; 0 when it was taken, 1 when it cannot be used: then the places stay as they were."""
    try:
        places = list(read_places(arguments.file.read_text("utf-8-sig").splitlines()))
    except OSError as error:
        return _refuse(f"{arguments.file} cannot be read: {error.strerror}.")
    except UnicodeDecodeError:
        return _refuse(f"{arguments.file} is not UTF-8 text.")
    except PlacesError as error:
        return _refuse(f"{arguments.file}: {error}")
    if not places:
        return _refuse(f"{arguments.file} holds no places.")
    with opened(settings) as database:
        require_current(database)
        with database.writing() as session:
            count = put_places(session, places)
    sys.stdout.write(f"There are {count} places now.\n")
    return 0


def _refuse(sentence: str) -> int:
    sys.stderr.write(f"zuil-server: {sentence}\n")
    return 1
