"""The command `zuil-server`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import OperationalError

from server.commands import feed, imports, migrate, places, releases, serve, snapshots, staff
from server.commands.common import UnusableDatabaseError
from server.kernel.logs import install_logs
from server.kernel.vault import VaultError
from server.migrations.run import WrongDatabaseError
from server.settings import Settings, SettingsError

WRONG_SETTING: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code: 0 done, 1 failed, 2 a setting or argument is wrong."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
        install_logs(as_json=settings.log_json)
        return int(parsed.run(settings, parsed))
    except SettingsError as error:
        sys.stderr.write(f"zuil-server: {error}\n")
        return WRONG_SETTING
    except (WrongDatabaseError, UnusableDatabaseError, VaultError) as error:
        sys.stderr.write(f"zuil-server: {error}\n")
    except OperationalError as error:
        sys.stderr.write(f"zuil-server: the database does not answer: {error.orig}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zuil-server", description="The server behind the zuilen.")
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in (serve, migrate, staff, imports, places, snapshots, feed, releases):
        command.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
