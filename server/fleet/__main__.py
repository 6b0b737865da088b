"""The command `zuil-fleet`: run many simulated zuilen against a server, and say how it goes.

It makes them in the server's own database (`ZUIL_DATABASE_URL`, `ZUIL_SECRET_KEY`), so it is for an
installation of which you are the operator, and for benches; `--remove` takes them out again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from server.fleet.stage import Credentials, make_fleet, remove_fleet
from server.fleet.zuil import Figures, FleetZuil, Releases
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import WrongDatabaseError, require_current
from server.settings import Settings, SettingsError

_SAY_SECONDS: Final = 5.0
_WRONG: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fleet until Ctrl-C; 1 the database is of another version, 2 a setting is wrong."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"zuil-fleet: {error}\n")
        return _WRONG
    database = Database(settings.database_url, Vault(settings.secret_key))
    try:
        require_current(database)
        with database.writing() as session:
            if parsed.remove:
                sys.stdout.write(f"{remove_fleet(session)} zuilen removed\n")
                return 0
            fleet = make_fleet(session, parsed.count)
    except WrongDatabaseError as error:
        sys.stderr.write(f"zuil-fleet: {error}\n")
        return 1
    finally:
        database.dispose()
    with suppress(KeyboardInterrupt):
        releases = Releases(parsed.failing) if parsed.releases else None
        asyncio.run(sail(parsed.server, fleet, ramp=parsed.ramp, seconds=parsed.seconds, releases=releases))
    return 0


async def sail(
    address: str,
    fleet: Sequence[Credentials],
    *,
    ramp: float,
    seconds: float | None = None,
    interval: float = 60.0,
    figures: Figures | None = None,
    releases: Releases | None = None,
) -> Figures:
    """Have the fleet live: all are there after `ramp` seconds; stop after `seconds`, None for never.

    releases: how they take what is offered; None: not at all.
    """
    figures = figures or Figures()
    tasks = [
        asyncio.create_task(
            FleetZuil(address, one, figures, interval=interval, releases=releases).live(
                ramp * place / len(fleet)
            )
        )
        for place, one in enumerate(fleet)
    ]
    tasks.append(asyncio.create_task(_say(figures)))
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return figures


async def _say(figures: Figures) -> None:
    while True:
        before = figures.beats
        await asyncio.sleep(_SAY_SECONDS)
        took = sorted(figures.took)
        middle = 1000 * took[len(took) // 2] if took else 0
        rate = (figures.beats - before) / _SAY_SECONDS
        failed = ", ".join(f"{count} {what}" for what, count in figures.failures.most_common(3)) or "none"
        sys.stdout.write(
            f"{figures.streams} streams, {rate:.0f} heartbeats/s of {middle:.0f} ms, failures: {failed}\n"
        )
        sys.stdout.flush()


def _several(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("one zuil at least")
    return count


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="zuil-fleet", description="Many simulated zuilen.")
    parser.add_argument("--count", type=_several, default=100, help="how many (100)")
    parser.add_argument("--server", default="http://127.0.0.1:8000", help="scheme and host of the server")
    parser.add_argument("--ramp", type=float, default=60.0, help="seconds until all are there (60)")
    parser.add_argument("--seconds", type=float, default=None, help="stop after so many seconds")
    parser.add_argument("--releases", action="store_true", help="take the releases that are offered")
    parser.add_argument("--failing", type=float, default=0.0, help="percent that goes back from them (0)")
    parser.add_argument("--remove", action="store_true", help="remove the zuilen of earlier fleets, and stop")
    return parser


if __name__ == "__main__":
    sys.exit(main())
