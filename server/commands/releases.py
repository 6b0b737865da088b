"""`zuil-server releases`: keep a release, roll it out, and see how that goes."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlmodel import Session, col, select

from server.cardsystems.models import CardSystem
from server.commands.common import Commands, no_such_system, opened
from server.commands.table import print_rows
from server.kernel.errors import ProblemError
from server.migrations.run import require_current
from server.monitor.rollouts import close_alert
from server.releases.models import Release, Rollout
from server.releases.progress import progress_of
from server.releases.rollouts import pause, resume, start_rollout, stop, widen
from server.releases.store import ReleaseRefusedError, add_release, find_version
from server.settings import Settings
from shared.domain.releases import Track
from shared.domain.rollouts import WHOLE

WRONG_ARGUMENT: Final = 2


def register(commands: Commands) -> None:
    """Add the command."""
    actions = commands.add_parser("releases", help="releases of the zuil's program").add_subparsers(
        required=True, metavar="action"
    )
    adding = actions.add_parser("add", help="keep a signed bundle")
    adding.add_argument("file", type=Path)
    adding.set_defaults(run=add)
    listing = actions.add_parser("list", help="say which releases and roll-outs there are")
    listing.set_defaults(run=show)
    starting = actions.add_parser("rollout", help="offer a release to zuilen")
    starting.add_argument("version")
    starting.add_argument("--track", choices=[track.value for track in Track], default=Track.STABLE.value)
    starting.add_argument("--percent", type=int, default=WHOLE, help="how many of them (100)")
    starting.add_argument(
        "--system", type=int, action="append", default=[], metavar="ID", help="only of these"
    )
    starting.set_defaults(run=start)
    for name, text in (
        ("widen", "offer it to more zuilen"),
        ("pause", "offer it to no further zuil"),
        ("resume", "go on after a pause or a halt"),
        ("stop", "end it: who has it goes back"),
    ):
        action = actions.add_parser(name, help=text)
        action.add_argument("rollout", type=int, help="its number")
        if name == "widen":
            action.add_argument("--percent", type=int, required=True)
        action.set_defaults(run=change, deed=name)


def add(settings: Settings, arguments: argparse.Namespace) -> int:
    """Keep a bundle."""

    def deed(session: Session) -> str:
        content = arguments.file.read_bytes()
        release = add_release(session, content, settings.release_keys, datetime.now(UTC))
        return f"Version {release.version} is kept."

    return _do(settings, deed)


def start(settings: Settings, arguments: argparse.Namespace) -> int:
    """Begin a roll-out."""

    def deed(session: Session) -> str:
        release = find_version(session, arguments.version)
        if release is None:
            raise ProblemError(404, f"There is no version {arguments.version}.")
        for system in arguments.system:
            if session.get(CardSystem, system) is None:
                raise ProblemError(404, no_such_system(session, system))
        rollout = start_rollout(
            session,
            release,
            datetime.now(UTC),
            track=Track(arguments.track),
            percent=arguments.percent,
            systems=arguments.system,
        )
        return f"Roll-out {rollout.id} of {release.version} has begun."

    return _do(settings, deed)


def change(settings: Settings, arguments: argparse.Namespace) -> int:
    """Widen, pause, resume or stop a roll-out."""

    def deed(session: Session) -> str:
        rollout, now = session.get(Rollout, arguments.rollout), time.time_ns() // 1_000_000
        if rollout is None:
            raise ProblemError(404, f"There is no roll-out {arguments.rollout}.")
        if arguments.deed == "widen":
            widen(session, rollout, arguments.percent, now)
        elif arguments.deed == "pause":
            pause(session, rollout)
        elif arguments.deed == "resume":
            resume(session, rollout, now)
        else:
            stop(session, rollout)
        if arguments.deed in {"resume", "stop"}:
            close_alert(session, rollout, now)
        return f"Roll-out {rollout.id} is {rollout.state}, {rollout.percent} %."

    return _do(settings, deed)


def show(settings: Settings, _: argparse.Namespace) -> int:
    """Print releases and roll-outs, the newest first."""
    now = time.time_ns() // 1_000_000
    with opened(settings) as database:
        require_current(database)
        with database.reading() as session:
            releases = session.exec(select(Release).order_by(col(Release.id).desc())).all()
            versions = {release.id: release.version for release in releases}
            print_rows(
                [(one.version, f"{one.added_at:%Y-%m-%d %H:%M}", one.notes) for one in releases], (14, 16)
            )
            for rollout in session.exec(select(Rollout).order_by(col(Rollout.id).desc())):
                found = progress_of(session, rollout, now)
                version, count = versions[rollout.release_id], found.updated.count
                sys.stdout.write(
                    f"roll-out {rollout.id}: {version}, {rollout.track}, {rollout.percent} %,"
                    f" {rollout.state}: on {count} of {found.scope} zuilen, {found.failed} went back\n"
                )
    return 0


def _do(settings: Settings, deed: Callable[[Session], str]) -> int:
    try:
        with opened(settings) as database:
            require_current(database)
            with database.writing() as session:
                said = deed(session)
    except (ReleaseRefusedError, ProblemError, OSError) as error:
        sys.stderr.write(f"zuil-server: {error}\n")
        return WRONG_ARGUMENT if isinstance(error, ProblemError) else 1
    sys.stdout.write(f"{said}\n")
    return 0
