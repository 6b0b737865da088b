"""The demo as a whole: its server and its zuilen in a folder that keeps their data."""

from __future__ import annotations

import json
import shutil
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from server.demo.script import play
from server.demo.seed import KIOSKS, STAFF
from server.demo.stage import (
    ServerProgram,
    StageError,
    ZuilProgram,
    alone_in,
    refuse_used_port,
    run_module,
)
from server.staff.roles import Role

LOOK_SECONDS: Final = 1.0
REFERENCE: Final = Path(__file__).parents[3] / "shared" / "reference" / "udb3" / "read"


class Demo:
    """The server and the zuilen of the demo, in a folder that keeps their data."""

    def __init__(self, folder: Path, port: int) -> None:
        self._codes: dict[str, str] = {}
        self._folder = folder
        controls = [port + place for place in range(1, len(KIOSKS) + 1)]
        names = [kiosk.name for kiosk in KIOSKS]
        zuilen = ",".join(
            f"{name}=http://127.0.0.1:{control}" for name, control in zip(names, controls, strict=True)
        )
        self.server = ServerProgram(folder / "server", port, {"ZUIL_DEMO": "1", "ZUIL_DEMO_ZUILEN": zuilen})
        self.zuilen = {
            name: ZuilProgram(folder / f"zuil-{place}", self.server.url, control)
            for place, (name, control) in enumerate(zip(names, controls, strict=True), 1)
        }

    def refuse_used_ports(self) -> None:
        """Look whether every port is free, before anything is made or forgotten.

        Raises:
            StageError: one is in use.
        """
        for url in (self.server.url, *(zuil.control for zuil in self.zuilen.values())):
            refuse_used_port(url)

    def start(self, running: ExitStack) -> None:
        """Migrate, fill, and start everything in order; `running` stops it in the reverse order.

        Raises:
            StageError: a program did not start.
        """
        self.start_server(running)
        for name in self.zuilen:
            self.start_zuil(name, running)

    def start_server(self, running: ExitStack) -> None:
        """Migrate and fill the database, and start the server."""
        self.server.environment.setdefault("ZUIL_RELEASE_KEYS", self._release_key())
        self._codes = self.fill()
        running.callback(self.server.stop)
        self.server.start()

    def fill(self) -> dict[str, str]:
        """Migrate and fill the database; return zuil -> one-time code for those that have no device yet.

        Raises:
            StageError: one of the two failed.
        """
        self.server.run("migrate")
        reference = ["--reference", str(REFERENCE)] if REFERENCE.is_dir() else []
        codes = run_module("server.demo.seed", *reference, environment=self.server.environment)
        return dict(json.loads(codes))

    def _release_key(self) -> str:
        """Return the public key of the demo's releases; `release.key` beside it signs them."""
        public = self._folder / "release.pub"
        if not public.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            public.write_text(run_module("server.bundling", "key", str(self._folder / "release.key")))
        return public.read_text()

    def start_zuil(self, name: str, running: ExitStack) -> None:
        """Start a zuil; a new one gets its boot partition from the technician's tool first."""
        zuil = self.zuilen[name]
        is_new = not zuil.enrolled and name in self._codes
        if is_new:
            zuil.provision(self._codes[name])
        running.callback(zuil.stop)
        zuil.start()
        if is_new:
            zuil.program.wait_until(zuil.ready)

    def look_after(self) -> None:
        """Start a program anew that ended by itself, as systemd does: a zuil's does when it is restarted."""
        for program in [self.server.program, *(zuil.program for zuil in self.zuilen.values())]:
            if program.ended:
                program.start()


def run(folder: Path, port: int, *, fresh: bool = False, script: bool = False) -> int:
    """Run the demo until it is interrupted, or its script to the end; return the exit code.

    folder: of this demo alone. fresh: forget what is in it, as a script always does.

    Raises:
        KeyboardInterrupt: somebody stops it; everything has ended by then.
    """
    try:
        with ExitStack() as running:
            demo = Demo(folder, port)
            demo.refuse_used_ports()
            running.enter_context(alone_in(folder))
            if script or fresh:
                shutil.rmtree(folder, ignore_errors=True)
            demo.start(running)
            if script:
                return play(demo.server, demo.zuilen)
            sys.stdout.write(_welcome(demo))
            sys.stdout.flush()
            while True:
                time.sleep(LOOK_SECONDS)
                demo.look_after()
    except StageError as error:
        sys.stderr.write(f"make demo: {error}\n")
        return 1


def _welcome(demo: Demo) -> str:
    logins = "\n".join(
        f"    {staff.name:<20} {'; '.join(map(_function, staff.functions))}" for staff in STAFF
    )
    return f"""
  The demo runs.

    {demo.server.url}/demo             two zuilen, a tray of cards, and what the server makes of it
    {demo.server.url}/balie            choose the activity of a zuil
    {demo.server.url}/dashboard/zuilen watch and manage the zuilen

  Log in with one click as:
{logins}

  Ctrl-C stops everything.
"""


def _function(function: tuple[Role, str | int | None]) -> str:
    role, where = function
    words = {"balie": "baliemedewerker", "ksb": "KSB", "technician": "technieker", "admin": "beheerder"}
    return f"{words[role]}, {where}" if isinstance(where, str) else words[role]
