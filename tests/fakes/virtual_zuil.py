"""A real virtual zuil in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx

HERE = Path(__file__).parents[2]


class VirtualZuil:
    """Starts, taps, kills and starts again."""

    def __init__(self, folder, server_url, code):
        self.state_dir, self.boot = folder / "state", folder / "boot"
        self.boot.mkdir(parents=True, exist_ok=True)
        (self.boot / "zuil.toml").write_text(f'[server]\nurl = "{server_url}"\ncode = "{code}"\n')
        self.process = None
        self._client = httpx.Client(trust_env=False, timeout=10)
        self.log = folder / "zuil.log"

    def start(self, *, virtual=True, environment=None):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        where = ["--boot", str(self.boot), "--state", str(self.state_dir)]
        kind = ["--virtual", "--control", str(port)] if virtual else []
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "device", "run", *where, *kind],
                cwd=HERE,
                env={**os.environ, **(environment or {})},
                stdout=log,
                stderr=log,
            )
        return self

    def eventually(self, true, seconds=20):
        """Wait until `true(state)` and return the state."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                state = self.state()
                if true(state):
                    return state
            except httpx.HTTPError:
                state = None
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < deadline, f"it did not happen in time: {state}"
            threading.Event().wait(0.02)

    def ready(self):
        return self.eventually(lambda state: state["ready"])

    def state(self):
        return self._client.get(f"{self.url}/state").raise_for_status().json()

    def frame(self):
        return self._client.get(f"{self.url}/frame.png").raise_for_status().content

    def send(self, path, **body):
        return self._client.post(f"{self.url}/{path}", content=json.dumps(body)).raise_for_status().json()

    def tap(self, chip, **more):
        return self.send("tap", chip=chip, **{"hold_ms": 0, **more})

    def kill(self):
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ask it to stop; return the exit code."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(20)
        return self.process.returncode if self.process else None
