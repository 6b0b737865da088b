"""The server with the demo's data in this process, over real HTTP, for a browser."""

import shutil
import threading
from contextlib import contextmanager

import uvicorn

from server.app import create_app
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.settings import Settings


class Counter:
    """The server's address and its database."""

    def __init__(self, url, database):
        self.url, self.database = url, database


@contextmanager
def running_counter(folder, filled, **settings):
    """Run the server on a copy of the data of `filled`, a folder and the codes in it."""
    shutil.copytree(filled[0], folder, dirs_exist_ok=True)
    address, key = f"sqlite:///{folder / 'server.db'}", (folder / "secret.key").read_bytes()
    database = Database(address, Vault(key))
    app = create_app(Settings(address, key, folder, demo=True, **settings))
    http = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=http.run, name="server", daemon=True)
    thread.start()
    while not http.started:
        assert thread.is_alive(), "the server did not start"
        thread.join(0.002)
    try:
        yield Counter(f"http://127.0.0.1:{http.servers[0].sockets[0].getsockname()[1]}", database)
    finally:
        http.should_exit = True
        thread.join()
        database.dispose()
