"""Every message of the protocol meets every fault of a network: people notice nothing, nothing is lost."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import msgspec
import pytest

from device.bootstrap import running
from device.core.presence import Presence, Presented
from device.parts import Place
from device.settings import LightsSettings, ServerSettings, Settings
from fakes.fault_proxy import FAULTS, FaultProxy
from fakes.ports import free_ports
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KNOWN_CHIP, UNKNOWN_CHIP, row
from shared.domain.outcomes import Outcome
from shared.wire.messages import LookupAnswer

CHIPS = [f"04{number:012X}" for number in range(1, 9)]
MAIN = ("reply lost", "portal")
MESSAGES = ("taps", "changes", "snapshots", "snapshots/", "lookup", "heartbeat", "stream", "credentials")


def is_often(message, fault):
    """Whether a pair is tried each time; the others are among the slow tests."""
    return message == "taps" or (message in ("changes", "snapshots/") and fault in MAIN)


PAIRS = [
    pytest.param(message, fault, marks=() if is_often(message, fault) else pytest.mark.slow)
    for message in MESSAGES
    for fault in FAULTS
]


@pytest.fixture
def server():
    rows = [row(KNOWN_CHIP, 1), *(row(chip, number) for number, chip in enumerate(CHIPS, 10))]
    with WireServer(rows) as server:
        server.config = msgspec.structs.replace(server.config, heartbeat_seconds=0.3, poll_seconds=0.5)
        server.known_cards[UNKNOWN_CHIP] = LookupAnswer(
            known=True, state=4, passholder=77, active_until=65_535, points=5
        )
        yield server


@pytest.fixture
def proxy(server):
    with FaultProxy(server) as proxy:
        yield proxy


@pytest.fixture
def start(proxy, tmp_path, monkeypatch):
    """Start a whole zuil in this process; patience is shortened, nothing else."""
    for name, seconds in (("_FIRST_PAUSE", 0.05), ("_REFUSED_PAUSE", 0.1), ("_LONGEST_PAUSE", 0.3)):
        monkeypatch.setattr(f"device.core.loops.{name}", seconds)
    monkeypatch.setattr("device.core.sync._STREAM_PAUSE", 0.05)
    monkeypatch.setattr("device.core.sync._DISTRUST_SECONDS", 0.2)
    with ExitStack() as stack:

        def start():
            stop = threading.Event()
            settings = Settings(ServerSettings(proxy.url, CODE), lights=LightsSettings(present=False))
            zuil = stack.enter_context(running(Place(settings, tmp_path / "state", free_ports(1)), stop))
            loop = threading.Thread(target=zuil.kiosk.run, args=(stop,))
            loop.start()
            stack.callback(loop.join)
            stack.callback(stop.set)
            return zuil

        yield start


def until(true, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"{what} did not happen in time"
        time.sleep(0.01)


def tap(zuil, chip):
    before = zuil.kiosk.answers[-1].number if zuil.kiosk.answers else 0
    zuil.kiosk.present(Presented(Presence.CARD, chip))
    return zuil.kiosk.wait_for_answer(before, 5).outcome


def is_in_step(zuil, server):
    state, cards = zuil.journal.state(), zuil.cache.state()
    return (
        state.queue == 0
        and cards.cursor == server.cursor
        and cards.config == server.config.version
        and zuil.cache.checksums() == {"1": server.checksum}
    )


@pytest.mark.parametrize(("message", "fault"), PAIRS)
def test_a_message_that_meets_a_fault(start, server, proxy, message, fault):
    if message in ("changes", "snapshots", "snapshots/", "stream", "heartbeat"):
        proxy.break_next(message, fault)
    zuil = start()
    until(lambda: is_in_step(zuil, server), "the first download")
    until(lambda: server.heartbeats, "the first heartbeat")
    proxy.break_next(message, fault)
    server.renew = message == "credentials"

    assert [tap(zuil, chip) for chip in CHIPS[:3]] == [Outcome.OK] * 3
    server.change(row(CHIPS[3], 13, points=40))
    unknown = tap(zuil, UNKNOWN_CHIP)
    assert unknown in (Outcome.OK, Outcome.QUEUED_UNKNOWN)
    assert tap(zuil, CHIPS[4]) is Outcome.OK

    until(lambda: is_in_step(zuil, server) and not server.renew, "getting in step again")
    assert len(server.taps) == zuil.journal.state().last_seq == 5
    assert zuil.journal.state().parked == 0
    assert tap(zuil, CHIPS[3]) is Outcome.OK
    assert zuil.kiosk.answers[-1].result.total == 41
    until(lambda: zuil.health.told() == [], "a clean bill of health")
    if message not in ("lookup", "stream"):
        assert proxy.met, "the fault was met"


@pytest.mark.parametrize(
    "fault", [fault if fault in MAIN else pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS]
)
def test_a_command_whose_report_meets_a_fault_is_carried_out_once(start, server, proxy, monkeypatch, fault):
    zuil, done = start(), []
    until(lambda: is_in_step(zuil, server) and server.heartbeats and server.wakeups, "the first heartbeat")
    monkeypatch.setattr(zuil.technician, "identify", lambda: done.append("blinked"))
    proxy.break_next("commands/", fault)
    id_ = server.order("identify")
    until(lambda: not server.commands, "the report")
    until(lambda: zuil.commands.failures == 0 and len(done) == 1, "the end of it")
    assert {report.outcome for report in server.reported(id_)} == {"done"}
    assert proxy.met
    assert tap(zuil, KNOWN_CHIP) is Outcome.OK


@pytest.mark.parametrize(
    "fault", [fault if fault in MAIN else pytest.param(fault, marks=pytest.mark.slow) for fault in FAULTS]
)
def test_the_last_word_of_a_wiped_zuil_that_meets_a_fault_is_said_again(start, server, proxy, fault):
    zuil = start()
    until(lambda: is_in_step(zuil, server) and server.heartbeats, "the first heartbeat")
    assert tap(zuil, KNOWN_CHIP) is Outcome.OK
    proxy.break_next("partings", fault)
    id_ = server.order("wipe")
    until(lambda: server.partings and zuil.link.credentials is None, "the last word")
    assert {parting.command for parting in server.partings} == {id_}
    assert len(server.taps) == 1


@pytest.mark.parametrize("fault", FAULTS)
def test_an_enrolment_that_meets_a_fault_is_tried_again(start, server, proxy, fault):
    proxy.break_next("enrolments", fault)
    zuil = start()
    until(lambda: is_in_step(zuil, server), "the first download")
    assert tap(zuil, KNOWN_CHIP) is Outcome.OK
    assert len({enrolment.attempt for enrolment in server.enrolments}) == 1


def test_at_a_server_that_repeats_no_exchange_a_lost_answer_has_used_the_code_and_it_says_so(
    start, server, proxy
):
    server.repeats = False
    proxy.break_next("enrolments", "reply lost", times=1)
    zuil = start()
    until(lambda: "E30" in zuil.health.told(), "E30")
    assert not zuil.link.enrolled


def test_a_batch_that_a_proxy_on_the_way_finds_too_large_is_halved_and_nothing_is_parked(
    start, server, proxy
):
    zuil = start()
    until(lambda: is_in_step(zuil, server), "the first download")
    zuil.link.network = False
    assert {tap(zuil, chip) for chip in CHIPS} == {Outcome.OK}
    proxy.break_next("taps", "413", times=2)
    zuil.link.network = True
    zuil.sync.wake()
    until(lambda: zuil.journal.state().queue == 0, "handing in")
    assert len(server.uploads[0].items) == len(CHIPS) // 4
    assert zuil.journal.state().parked == 0
