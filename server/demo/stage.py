"""A whole system on one machine: the server and virtual zuilen, each a process of its own.

`make demo` and the end-to-end tests stand on it. Programs are started in order and stopped in
the reverse order, by their process id.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

import httpx

START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
BLOCKED: Final = "E50"
"""What a zuil that was blocked or wiped shows."""
_POLL_SECONDS: Final = 0.05


class StageError(Exception):
    """A program did not start or stop; the text is one sentence for the person at the keyboard."""


@dataclass
class Program:
    """One operating-system process, its output in a log file."""

    name: str
    arguments: Sequence[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the stage."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def ended(self) -> bool:
        """Whether it ended by itself: nobody stopped or killed it."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """Ask it to stop, and end it when it does not within ten seconds."""
        if self.process is None:
            return
        if self.running:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """End it at once, as a power cut would: `kill -9` of all it started."""
        if self.process is not None:
            if self.running:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def wait_until(self, ready: Callable[[], bool], *, seconds: float = START_SECONDS) -> None:
        """Wait until it is ready.

        Raises:
            StageError: it ended, or was not ready in time; the last line of its log says why.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise StageError(f"{self.name} stopped at once: {self.last_words()}")
            if time.monotonic() > deadline:
                raise StageError(
                    f"{self.name} was not ready within {seconds:.0f} seconds: {self.last_words()}"
                )
            time.sleep(_POLL_SECONDS)

    def last_words(self) -> str:
        """Return the last line of the log."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return lines[-1] if lines else "it said nothing"


class ServerProgram:
    """The server on a loopback port with a database of its own."""

    def __init__(self, folder: Path, port: int, environment: Mapping[str, str] | None = None) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "ZUIL_DATA_DIR": str(folder),
            "ZUIL_DATABASE_URL": f"sqlite:///{folder / 'server.db'}",
            "ZUIL_PUBLIC_URL": self.url,
            "ZUIL_HOST": "127.0.0.1",
            "ZUIL_PORT": str(port),
            **(environment or {}),
        }
        self._log = folder / "server.log"
        self.program = Program("The server", ["server", "serve"], self._log, self.environment)

    def run(self, *arguments: str) -> str:
        """Run a command of `zuil-server` to its end and return what it printed.

        Raises:
            StageError: it failed; the text is what it said.
        """
        return run_module("server", *arguments, environment=self.environment)

    def start(self) -> None:
        """Start it and wait until it answers."""
        refuse_used_port(self.url)
        self.program.start()
        self.program.wait_until(self._answers)

    def stop(self) -> None:
        """Stop it."""
        self.program.stop()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=1).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


class ZuilProgram:
    """A virtual zuil: the real daemon with a virtual reader and display, and a control port."""

    def __init__(self, folder: Path, server_url: str, control_port: int) -> None:
        self.folder = folder
        self.control = f"http://127.0.0.1:{control_port}"
        self._server_url = server_url
        self._port = control_port
        self.program = Program(f"Zuil {folder.name}", self._arguments(), folder / "zuil.log")

    def _arguments(self) -> list[str]:
        boot, state = str(self.folder / "boot"), str(self.folder / "state")
        return [
            "device.launcher",
            "run",
            "--virtual",
            "--boot",
            boot,
            "--state",
            state,
            "--control",
            str(self._port),
        ]

    @property
    def enrolled(self) -> bool:
        """Whether it has credentials from an earlier start."""
        return (self.folder / "state" / "credentials.json").exists()

    def provision(self, code: str) -> None:
        """Make the files of its boot partition with a one-time code, as a technician does.

        Raises:
            StageError: the code is refused, or the server cannot be reached.
        """
        boot = self.folder / "boot"
        boot.mkdir(parents=True, exist_ok=True)
        run_module(
            "device.provision", "enrol", "--server", self._server_url, "--code", code, "--out", str(boot)
        )

    def start(self) -> None:
        """Start it and wait until it takes cards, or shows that it may not."""
        refuse_used_port(self.control)
        self.program.start()
        self.program.wait_until(self.has_started)

    def stop(self) -> None:
        """Stop it."""
        self.program.stop()

    def has_started(self) -> bool:
        """Whether it takes cards, or shows that it was blocked or wiped: then it waits for a technician."""
        try:
            state = self.state()
        except httpx.HTTPError:
            return False
        return bool(state.get("ready")) or BLOCKED in state.get("faults", ())

    def ready(self) -> bool:
        """Whether it is enrolled and takes cards."""
        try:
            return bool(self.state().get("ready"))
        except httpx.HTTPError:
            return False

    def state(self) -> dict[str, Any]:
        """Return what the zuil shows and knows now."""
        return cast("dict[str, Any]", httpx.get(f"{self.control}/state", timeout=5).raise_for_status().json())

    def send(self, path: str, **body: object) -> dict[str, Any]:
        """Do something to it: `tap`, `network` or `clock`."""
        answer = httpx.post(f"{self.control}/{path}", json=body, timeout=10).raise_for_status()
        return cast("dict[str, Any]", answer.json()) if answer.content else {}


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep every other demo out of a folder, whatever ports it takes.

    The lock stands beside the folder, which a demo that begins afresh removes.

    Raises:
        StageError: another demo is running there, or the folder cannot be made.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = folder.with_name(f"{folder.name}.lock").open("a")
    except OSError as error:
        raise StageError(f"{folder} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StageError(
                f"A demo is running in {folder}; stop it first, or keep this one elsewhere, as with"
                ' `make demo ARGS="--folder other"`. Nothing was changed.'
            ) from error
        yield


def run_module(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a module of ours to its end and return what it printed.

    Raises:
        StageError: it failed; the text is what it said.
    """
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StageError(done.stderr.strip() or f"{module} {' '.join(arguments[:1])} failed")
    return done.stdout.strip()


def refuse_used_port(url: str) -> None:
    """Refuse a port that somebody else listens on.

    Raises:
        StageError: the port is in use.
    """
    port = httpx.URL(url).port or 80
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StageError(
                f"Port {port} is in use; stop what listens there or choose another, as with"
                ' `make demo ARGS="--port 8090"`.'
            ) from error
