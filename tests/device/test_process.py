"""A real zuil process: started, tapped, killed at random moments, and started again."""

from __future__ import annotations

import random
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from io import BytesIO

import httpx
import msgspec
import psutil
import pytest
import zxingcpp
from PIL import Image

from device.adapters.journal import SqliteJournal
from fakes.ports import free_field
from fakes.virtual_zuil import HERE, VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import BLOCKED_CHIP, KNOWN_CHIP, UNKNOWN_CHIP, row
from shared.domain.checkin import CardState
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import LookupAnswer, Tap

CHIPS = [f"04{number:012X}" for number in range(1, 2001)]


@pytest.fixture
def server():
    rows = [row(chip, number + 10) for number, chip in enumerate(CHIPS)]
    rows += [row(KNOWN_CHIP, 1, points=12), row(BLOCKED_CHIP, 2, CardState.BLOCKED)]
    with WireServer(rows) as server:
        yield server


@pytest.fixture
def zuil(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE)
    yield zuil
    if zuil.process is not None and zuil.process.poll() is None:
        zuil.kill()


def test_a_zuil_enrols_itself_fetches_its_cards_and_takes_taps(zuil, server):
    zuil.start().ready()
    assert stat.S_IMODE((zuil.state_dir / "credentials.json").stat().st_mode) == 0o600
    first = zuil.tap(KNOWN_CHIP)
    assert (first["outcome"], first["points"], first["total"]) == ("ok", 1, 13)
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "maximum_reached"
    assert zuil.tap(BLOCKED_CHIP)["outcome"] == "card_blocked"
    assert zuil.tap("", kind="phone")["outcome"] == "foreign_card"
    assert zuil.tap(KNOWN_CHIP, beside=BLOCKED_CHIP)["outcome"] == "two_cards"
    assert zuil.tap("", kind="unreadable", hold_ms=50)["outcome"] == "unreadable_card"
    zuil.eventually(lambda state: state["queue"] == 0 and len(server.taps) == 3)
    assert zuil.stop() == 0


def test_a_card_held_for_long_is_one_tap(zuil):
    zuil.start().ready()
    zuil.tap(KNOWN_CHIP, hold_ms=1500)
    zuil.tap(BLOCKED_CHIP)
    assert zuil.state()["last_seq"] == 2


def test_the_display_shows_a_code_that_a_phone_reads(zuil):
    zuil.start()
    zuil.eventually(
        lambda state: state["code"] and read_by_a_phone(zuil.frame()) == state["code"], seconds=30
    )


def read_by_a_phone(frame):
    picture = Image.open(BytesIO(frame)).convert("L")
    found = zxingcpp.read_barcodes(picture.resize((picture.width * 4, picture.height * 4)))
    return found[0].text if found else None


def test_a_cut_network_changes_nothing_for_people_and_loses_nothing(zuil, server):
    zuil.start().ready()
    zuil.send("network", on=False)
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
    assert zuil.tap(UNKNOWN_CHIP)["outcome"] == "queued_unknown"
    assert zuil.state()["queue"] == 2
    zuil.send("network", on=True)
    zuil.eventually(lambda state: state["queue"] == 0 and state["online"])
    assert len(server.taps) == 2


def test_an_unknown_card_is_asked_about_while_there_is_a_network(zuil, server):
    server.known_cards[UNKNOWN_CHIP] = LookupAnswer(
        known=True, state=4, passholder=77, active_until=65_535, points=5
    )
    zuil.start().ready()
    zuil.eventually(lambda state: state["online"])
    answer = zuil.tap(UNKNOWN_CHIP)
    assert (answer["outcome"], answer["total"]) == ("ok", 6)


def test_a_mode_this_version_does_not_have_is_told_and_points_are_saved(zuil, server):
    zuil.start().ready()
    server.configure(msgspec.structs.replace(server.config, version="2", mode="teleport"))
    zuil.eventually(lambda state: state["faults"] == ["E61"])
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
    server.configure(msgspec.structs.replace(server.config, version="3", mode="checkin"))
    zuil.eventually(lambda state: state["faults"] == [])


def test_a_wrong_clock_is_seen_through(zuil, server):
    zuil.start().ready()
    zuil.eventually(lambda state: server.heartbeats)
    zuil.send("clock", offset_seconds=-7200)
    zuil.tap(KNOWN_CHIP)
    zuil.eventually(lambda state: server.taps)
    (tap,) = server.taps.values()
    assert abs(tap.clock.wall + tap.clock.offset - time.time() * 1000) < 5000
    assert tap.clock.offset > 7_000_000


def test_a_zuil_without_network_starts_from_what_it_has(zuil, server):
    zuil.start().ready()
    zuil.stop()
    server.__exit__()
    zuil.start()
    begin = time.monotonic()
    zuil.eventually(lambda state: state["ready"])
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
    assert time.monotonic() - begin < 3


def test_two_zuilen_never_share_a_state_directory(zuil, server, tmp_path):
    zuil.start().ready()
    second = subprocess.run(
        [sys.executable, "-m", "device", "run", "--virtual", "--boot", zuil.boot, "--state", zuil.state_dir],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert second.returncode == 1
    assert "Another zuil is running" in second.stderr


def test_status_tells_how_a_running_zuil_is(zuil):
    zuil.start().ready()
    zuil.tap(KNOWN_CHIP)
    told = subprocess.run(
        [sys.executable, "-m", "device", "status", "--state", zuil.state_dir],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "1 recorded" in told
    assert f"cards          {len(CHIPS) + 2}" in told


def test_a_tap_from_the_command_line_is_answered(zuil):
    zuil.start().ready()
    port = zuil.url.rpartition(":")[2]
    told = subprocess.run(
        [sys.executable, "-m", "device", "tap", KNOWN_CHIP, "--control", port],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert '"outcome": "ok"' in told


def test_every_green_tap_survives_kill_9_at_any_moment(zuil, server):
    """Taps go on while the process is killed again and again; what was answered is in the journal."""
    draw = random.Random(9)
    answered, waiting = [], iter(CHIPS)
    zuil.start().ready()
    zuil.send("network", on=False)
    for _ in range(8):
        killer = threading.Timer(draw.uniform(0.05, 0.6), zuil.kill)
        killer.start()
        with suppress(httpx.HTTPError):
            answered.extend(map(zuil.tap, waiting))
        killer.join()
        zuil.start()
        zuil.eventually(lambda state: state["ready"])
        zuil.send("network", on=False)
    zuil.stop()
    green = {answer["seq"] for answer in answered if answer.get("outcome") == "ok"}
    assert len(green) > 100
    journal = SqliteJournal(zuil.state_dir / "journal.db")
    journal.send_again(1)
    items = journal.pending(100_000).items
    journal.close()
    assert green <= {item.seq for item in items if msgspec.json.decode(item.tap, type=Tap).outcome == "ok"}
    assert [item.seq for item in items] == list(range(1, len(items) + 1))
    previous = GENESIS
    for item in items:
        previous = chain_link(previous, bytes(item.tap))
        assert item.chain == previous.hex()
    zuil.start()
    zuil.eventually(lambda state: state["queue"] == 0)
    assert len(server.taps) == len(items)


def test_a_full_disk_is_red_never_green_and_the_zuil_lives_on(zuil):
    """A limit on the size of a file stands for the full disk: the journal's log can grow no further."""
    zuil.start().ready()
    zuil.send("network", on=False)
    assert zuil.tap(CHIPS[0])["outcome"] == "ok"
    log = zuil.state_dir / "journal.db-wal"
    limit = log.stat().st_size + 10_000
    resource.prlimit(zuil.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    outcomes = [zuil.tap(chip)["outcome"] for chip in CHIPS[1:40]]
    assert outcomes[-1] == "technical"
    state = zuil.eventually(lambda state: state["screen"] == "out_of_order")
    assert "E20" in state["faults"]
    assert state["last_seq"] == 1 + outcomes.count("ok")
    resource.prlimit(zuil.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    zuil.eventually(lambda state: "E20" not in state["faults"], seconds=40)
    assert zuil.tap(CHIPS[50])["outcome"] == "ok"


def test_a_zuil_that_is_asked_to_stop_stops_quickly(zuil):
    zuil.start().ready()
    begin = time.monotonic()
    zuil.process.send_signal(signal.SIGTERM)
    assert zuil.process.wait(10) == 0
    assert time.monotonic() - begin < 5


@pytest.mark.slow
@pytest.mark.parametrize("virtual", [True, False], ids=["virtual reader", "nfcpy over UDP"])
def test_a_quiet_zuil_uses_little(zuil, server, virtual):
    zuil.start().ready()
    zuil.stop()
    environment = {"ZUIL_READER_DEVICE": "udp:127.0.0.1:54399", "ZUIL_LIGHTS_PRESENT": "false"}
    zuil.start(virtual=virtual, environment=environment)
    process = psutil.Process(zuil.process.pid)
    beats = len(server.heartbeats)
    deadline = time.monotonic() + 15
    while len(server.heartbeats) == beats and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    threading.Event().wait(2)
    before = process.cpu_times()
    begin = time.monotonic()
    threading.Event().wait(6)
    after = process.cpu_times()
    used = (after.user + after.system - before.user - before.system) / (time.monotonic() - begin)
    memory = process.memory_info().rss / 1e6
    print(f"cpu {100 * used:.1f} %, memory {memory:.0f} MB")
    assert used <= 0.03
    assert memory <= 70


@pytest.mark.parametrize("kind", ["ultralight", "desfire"])
def test_an_emulated_card_on_the_real_reader_stack_reaches_the_server(zuil, server, kind):
    zuil.start().ready()
    zuil.stop()
    port = free_field()
    environment = {"ZUIL_READER_DEVICE": f"udp:127.0.0.1:{port}", "ZUIL_LIGHTS_PRESENT": "false"}
    zuil.start(virtual=False, environment=environment)
    command = [sys.executable, "-m", "fakes.nfc_card", str(port), kind, KNOWN_CHIP, "20"]
    card = subprocess.Popen(command, cwd=HERE / "tests", stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 15
        while not server.taps:
            assert time.monotonic() < deadline, zuil.log.read_text()
            threading.Event().wait(0.05)
    finally:
        card.kill()
        card.wait()
    assert [tap.outcome for tap in server.taps.values()] == ["ok"]
    assert zuil.stop() == 0
