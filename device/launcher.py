"""`zuil-launch`: starts the release that is to run, and goes back when a new one does not prove itself.

This program stands beside the releases, on the SD card as it was delivered, and no release changes it.
Every start is one step of the same small story (`begin`), and each step ends with one file replaced as a
whole: a power cut at any moment is a start that goes on from there.

A release that proved itself takes this process over, so in daily life nothing is left of the launcher. One
on trial is a child: when it ends three times, or does not say within five minutes that it is healthy, the
release before it runs again. Whatever ends here, systemd starts anew.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final, NamedTuple, NoReturn

from device.adapters.shelf import Failure, Plan, Shelf
from device.formats import FORMATS
from shared.domain.releases import FACTORY
from shared.domain.sayings import Saying, english

STATE: Final = Path("/var/lib/zuil")
MOST_ATTEMPTS: Final = 3
TRIAL_SECONDS: Final = 300.0
_AGAIN: Final = 1
"""The exit code after which systemd starts us anew; 2, for a wrong setting, would leave the zuil dark."""
_LOOK_SECONDS: Final = 0.2
_STOP_SECONDS: Final = 3.0
log = logging.getLogger("launcher")


class Start(NamedTuple):
    """What to start now. order, good: of its trial; the order is empty when it need not prove itself."""

    version: str
    order: str = ""
    good: tuple[str, ...] = ()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the zuil's command line under the release that is to run."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    state = _state(given)
    shelf = Shelf(state / "releases")
    if next((word for word in given if not word.startswith("-")), "") != "run":
        version = FACTORY if _belongs_to_another(state) else _runnable(shelf, shelf.plan())
        _become(shelf, Start(version), given)
    start = _begin_safely(shelf)
    if not start.order:
        _become(shelf, start, given)
    return Trial(shelf, start).run(_command(given), _environment(shelf, start))


def begin(shelf: Shelf) -> Start:
    """Settle what was under way, and return what to start. Raises OSError when that cannot be noted."""
    plan = shelf.plan()
    if plan.trial:
        plan = _settle(shelf, plan)
    if not plan.trial:
        plan = _take_wanted(shelf, plan)
    if plan.trial:
        return Start(plan.trial, plan.trial_order, plan.good)
    return Start(_runnable(shelf, plan))


def fail(shelf: Shelf, reason: str) -> None:
    """Note that the release on trial is left, and why. Raises OSError."""
    plan = shelf.plan()
    if plan.trial:
        log.error("Release %s goes: %s", plan.trial, reason)
        shelf.write_plan(_without_trial(plan, Failure(plan.trial, plan.trial_order, reason)))


def promote(shelf: Shelf) -> None:
    """Note that the release on trial is the one that runs from now on. Raises OSError."""
    plan = shelf.plan()
    if plan.trial:
        log.info("Release %s proved itself.", plan.trial)
        shelf.write_plan(
            Plan(
                current=plan.trial,
                # One that was fetched anew because it was damaged is no way back to itself.
                previous=plan.previous if plan.trial == plan.current else plan.current,
                order=plan.trial_order,
            )
        )
    shelf.forget("healthy", "unproven")


class Trial:
    """A release on trial, as a child of this process."""

    def __init__(self, shelf: Shelf, start: Start, seconds: float | None = None) -> None:
        self._shelf = shelf
        self._start = start
        self._seconds = seconds or float(os.environ.get("ZUIL_TRIAL_SECONDS", TRIAL_SECONDS))
        self._child: subprocess.Popen[bytes] | None = None
        self._told_to_stop = False

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Return its exit code once it proved itself or was told to stop; else the one to start anew."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("Release %s has %.0f seconds to prove itself.", self._start.version, self._seconds)
        deadline = time.monotonic() + self._seconds
        child = self._child = subprocess.Popen(command, env=dict(environment))  # noqa: S603 - our own program
        if self._told_to_stop:
            child.terminate()
        while child.poll() is None:
            if self._shelf.healthy() == self._start.order:
                # On a card that is full now the next start notes it; what works must not end over that.
                with suppress(OSError):
                    promote(self._shelf)
                return child.wait()
            if time.monotonic() > deadline:
                self._end(child)
                self._give_up()
                return _AGAIN
            time.sleep(_LOOK_SECONDS)
        return child.returncode if self._told_to_stop else _AGAIN

    def _give_up(self) -> None:
        """Leave it, unless it proved itself in its last moment: then the next start finds that."""
        if self._shelf.healthy() != self._start.order:
            reason = english(Saying.UNHEALTHY, seconds=f"{self._seconds:g}")
            fail(self._shelf, f"{reason} {self._shelf.unproven()}".strip())

    def _stop(self, number: int, _: FrameType | None) -> None:
        self._told_to_stop = True
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def _end(self, child: subprocess.Popen[bytes]) -> None:
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _settle(shelf: Shelf, plan: Plan) -> Plan:
    """Go on with a trial that a start finds under way: proven meanwhile, begun once more, or over."""
    if shelf.healthy() == plan.trial_order:
        promote(shelf)
    elif plan.attempts >= MOST_ATTEMPTS:
        reason = english(Saying.DID_NOT_STAY, times=plan.attempts)
        fail(shelf, f"{reason} {shelf.unproven()}".strip())
    else:
        shelf.write_plan(plan._replace(attempts=plan.attempts + 1))
    return shelf.plan()


def _take_wanted(shelf: Shelf, plan: Plan) -> Plan:
    """Begin the trial of what is wanted, unless it is one that was settled before the power went."""
    wanted = shelf.wanted()
    if wanted is None:
        return plan
    known = (plan.order, plan.failed.order if plan.failed else "")
    if wanted.order not in known:
        if shelf.is_whole(wanted.version):
            plan = plan._replace(
                trial=wanted.version, attempts=1, good=wanted.good, trial_order=wanted.order, failed=None
            )
        else:
            failure = Failure(wanted.version, wanted.order, english(Saying.DAMAGED_HERE))
            plan = plan._replace(failed=failure)
        # A mark of an earlier trial must not speak for this one.
        shelf.forget("healthy", "unproven")
        shelf.write_plan(plan)
    shelf.forget("wanted")
    return plan


def _without_trial(plan: Plan, failure: Failure) -> Plan:
    return plan._replace(trial="", attempts=0, good=(), trial_order="", failed=failure)


def _runnable(shelf: Shelf, plan: Plan) -> str:
    """Return what can run: a release whose files an SD card damaged gives way to the one before it."""
    return next(filter(shelf.is_whole, (plan.current, plan.previous)), FACTORY)


def _begin_safely(shelf: Shelf) -> Start:
    """Begin; when nothing can be noted, as on a full or read-only card, run what last proved itself."""
    try:
        return begin(shelf)
    except OSError as error:
        log.error("Nothing can be noted about releases: %s", error)  # noqa: TRY400 - its text says it all
        return Start(_runnable(shelf, shelf.plan()))


def _become(shelf: Shelf, start: Start, arguments: Sequence[str]) -> NoReturn:
    """Have the release take this process over."""
    command = _command(arguments)
    os.execve(command[0], command, _environment(shelf, start))  # noqa: S606 - our own program


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-P", "-m", "device", *arguments]


def _environment(shelf: Shelf, start: Start) -> dict[str, str]:
    """Return the environment of a release; the modules it brings go before those of the SD card."""
    factory = Path(__file__).parents[1]
    own = shelf.place(start.version)
    places = [factory] if start.version == FACTORY else [own, own / "lib"]
    kept = {name: value for name, value in os.environ.items() if name != "ZUIL_TRIAL"}
    trial = {"ZUIL_TRIAL": ",".join(start.good)} if start.order else {}
    return {
        **kept,
        **trial,
        "PYTHONPATH": os.pathsep.join(map(str, places)),
        # Compiled when it was put down, durably; what a power cut tears must not be written later.
        "PYTHONDONTWRITEBYTECODE": "1",
        "ZUIL_RELEASES": str(shelf.place("")),
        "ZUIL_RELEASE": start.version,
        "ZUIL_FACTORY_READS": " ".join(f"{name}={one.reads}" for name, one in FORMATS.items()),
    }


def _belongs_to_another(state: Path) -> bool:
    """Tell whether root is asked to run what the zuil's own user could have written."""
    try:
        return os.geteuid() == 0 and state.stat().st_uid != 0
    except OSError:
        return False


def _state(arguments: Sequence[str]) -> Path:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--state", type=Path, default=STATE)
    found: Path = parser.parse_known_args(list(arguments))[0].state
    return found


if __name__ == "__main__":
    sys.exit(main())
