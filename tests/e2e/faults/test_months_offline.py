"""Ninety days without a network, 200 taps a day; then one bad line, while people go on tapping."""

from __future__ import annotations

import threading
import time
from contextlib import closing

import msgspec
import psutil
import pytest

from device.adapters.journal import SqliteJournal
from device.ports import Granted
from fakes.fault_proxy import FaultProxy
from fakes.virtual_zuil import VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import CONCERT, SYSTEM, row
from shared.wire.messages import Clock, Tap

DAYS, TAPS_A_DAY = 90, 200
CHIPS = [f"04{number:012X}" for number in range(1, 60)]
MEGABYTE = 1_000_000


@pytest.fixture
def server():
    with WireServer([row(chip, number) for number, chip in enumerate(CHIPS, 1)]) as server:
        server.config = msgspec.structs.replace(server.config, lease_days=120)
        yield server


def live_through(state_dir, days):
    """Put the taps of so many days in the journal, as a zuil without a network does."""
    now = int(time.time() * 1000)
    with closing(SqliteJournal(state_dir / "journal.db")) as journal:
        # The flush of each tap is another test's subject and would take minutes here.
        journal._tap.execute("PRAGMA synchronous = OFF")
        for number in range(days * TAPS_A_DAY):
            at = now - days * 86_400_000 + number * 86_400_000 // TAPS_A_DAY
            tap = Tap(
                id=f"old-{number}",
                clock=Clock(wall=at, monotonic=number, boot="then", offset=0),
                outcome="ok",
                event=CONCERT,
                system=SYSTEM,
                card=f"{number:016x}",
                passholder=1_000 + number,
                points=1,
            )
            journal.append(tap.id, msgspec.json.encode(tap), Granted(1_000 + number, CONCERT, at, 1))


@pytest.mark.slow
def test_after_ninety_days_everything_arrives_once_over_a_slow_and_lossy_line(server, tmp_path):
    with FaultProxy(server) as proxy:
        zuil = VirtualZuil(tmp_path, proxy.url, CODE)
        try:
            zuil.start().ready()
            zuil.stop()
            live_through(zuil.state_dir, DAYS)
            proxy.loss, proxy.bytes_per_second = 0.03, 60_000
            zuil.start()
            zuil.eventually(lambda state: state["ready"])
            process = psutil.Process(zuil.process.pid)
            before = most = process.memory_info().rss
            answers, waits = [], []
            for chip in CHIPS:
                begin = time.monotonic()
                answers.append(zuil.tap(chip)["outcome"])
                waits.append(time.monotonic() - begin)
                most = max(most, process.memory_info().rss)
                threading.Event().wait(0.4)  # the pace of people
            assert set(answers) == {"ok"}
            assert sorted(waits)[len(waits) * 9 // 10] < 1, "people do not wait for the past"
            zuil.eventually(lambda state: state["queue"] == 0, seconds=300)
            most = max(most, process.memory_info().rss)
        finally:
            if zuil.process.poll() is None:
                zuil.kill()
    total = DAYS * TAPS_A_DAY + len(CHIPS)
    assert len(server.taps) == server.through == total
    assert [tap for tap in server.taps if tap.startswith("old-")] == [
        f"old-{number}" for number in range(DAYS * TAPS_A_DAY)
    ]
    assert most - before < 40 * MEGABYTE, f"{(most - before) / MEGABYTE:.0f} MB more"
