"""The server as processes of its own, on a loopback port."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from fakes.ports import free_ports

SECRET_KEY = bytes(range(32))


class ServerProcess:
    """A started `zuil-server serve`; its whole group can be killed as by a power cut."""

    def __init__(self, url, process, log):
        self.url = url
        self.process = process
        self.log = log
        self.client = httpx.Client(base_url=url, timeout=20)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.client.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()


def start_server(database_url, folder, *, port=None, workers=1):
    port = port or free_ports(1)
    environment = {
        **os.environ,
        "ZUIL_DATABASE_URL": database_url,
        "ZUIL_SECRET_KEY": SECRET_KEY.hex(),
        "ZUIL_DATA_DIR": str(folder),
        "ZUIL_PORT": str(port),
        "ZUIL_WORKERS": str(workers),
    }
    log = Path(folder) / f"server-{port}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    server = ServerProcess(f"http://127.0.0.1:{port}", process, log)
    wait_until(lambda: answers(server), what=lambda: log.read_text()[-2000:])
    return server


@contextmanager
def running_server(database_url, folder, **options):
    server = start_server(database_url, folder, **options)
    try:
        yield server
    finally:
        server.stop()


def answers(server):
    assert server.process.poll() is None, server.log.read_text()[-2000:]
    try:
        return server.client.get("/healthz").status_code == 200
    except httpx.HTTPError:
        return False


def wait_until(condition, seconds=45, what=lambda: ""):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what())
        time.sleep(0.02)
