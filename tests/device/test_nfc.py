"""The reader through nfcpy's real stack: its UDP driver between two processes, and its ACR122 driver."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from device.adapters.nfc import NfcReader
from device.core.health import Fault, Health
from device.core.presence import Presence
from device.core.watch import ReaderWatch
from device.ports import NOTHING, CardReader, ReaderError, Sight
from fakes.acr122 import FakeAcr122
from fakes.ports import free_field, has_name

TESTS = Path(__file__).parents[1]
ULTRALIGHT, DESFIRE = "04A1B2C3D4E5F6", "044D71DA862680"


@pytest.fixture
def port():
    return free_field()


@pytest.fixture
def present(port):
    """Present an emulated card in a process of its own: `present(kind, uid, seconds)`."""
    started = []

    def start(kind, uid, seconds=5.0):
        command = [sys.executable, "-m", "fakes.nfc_card", str(port), kind, uid, str(seconds)]
        card = subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, text=True)
        started.append(card)
        assert card.stdout.readline().startswith("present")
        return card

    yield start
    for card in started:
        card.kill()
        card.wait()


@pytest.fixture
def reader(port):
    reader = NfcReader(f"udp:127.0.0.1:{port}")
    reader.open()
    yield reader
    reader.close()


def sight(reader, seconds=5.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen = reader.look()
        if seen != NOTHING:
            return seen
    return NOTHING


@pytest.mark.parametrize(("kind", "uid"), [("ultralight", ULTRALIGHT), ("desfire", DESFIRE)])
def test_the_number_of_an_emulated_card_is_read(reader, present, kind, uid):
    assert reader.look() == NOTHING
    present(kind, uid)
    assert sight(reader) == Sight(frozenset({bytes.fromhex(uid)}))


def test_a_phone_shows_four_bytes(reader, present):
    present("phone", "08A1B2C3")
    assert sight(reader) == Sight(frozenset({bytes.fromhex("08A1B2C3")}))


def test_a_card_that_goes_half_way_is_half_read(reader, present):
    present("half", ULTRALIGHT)
    assert sight(reader) == Sight(half_read=True)


def test_an_empty_field_costs_little_time(reader):
    begin = time.monotonic()
    for _ in range(10):
        reader.look()
    assert time.monotonic() - begin < 1.5


def test_the_udp_driver_listens_on_this_machine_only(port, present):
    present("ultralight", ULTRALIGHT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.2", port))


def test_a_port_that_has_a_name_is_a_port_like_any_other():
    named = next((port for port in range(1_024, 65_536) if has_name(port)), None)
    if named is None:
        pytest.skip("this machine has no names for ports")
    reader = NfcReader(f"udp:127.0.0.1:{named}")
    reader.open()
    try:
        assert reader.look() == NOTHING
    finally:
        reader.close()


def test_a_reader_that_is_not_there_is_one_sentence():
    with pytest.raises(ReaderError, match=r"(No card reader|cannot be opened)"):
        NfcReader("tty:ZUILNONE:pn532").open()


@pytest.fixture
def acr122(monkeypatch):
    """nfcpy's real ACR122U driver on a transport that answers as the reader does."""
    import nfc.clf
    import nfc.clf.acr122

    transport = FakeAcr122()

    def connect(path):
        device = nfc.clf.acr122.init(transport)
        device._path = path
        return device

    monkeypatch.setattr(nfc.clf.device, "connect", connect)
    return transport


@pytest.fixture
def usb_reader(acr122):
    reader = NfcReader("usb:072f:2200")
    reader.open()
    yield reader
    reader.close()


@pytest.mark.parametrize(("uid", "sens", "sel"), [(ULTRALIGHT, "4400", "00"), (DESFIRE, "4403", "20")])
def test_the_acr122_driver_reads_both_kinds_of_card(usb_reader, acr122, uid, sens, sel):
    assert usb_reader.look() == NOTHING
    acr122.present(bytes.fromhex(uid), bytes.fromhex(sens), bytes.fromhex(sel))
    assert usb_reader.look() == Sight(frozenset({bytes.fromhex(uid)}))
    acr122.remove()
    assert usb_reader.look() == NOTHING


def test_the_acr122_driver_tells_of_a_card_that_answered_and_was_gone(usb_reader, acr122):
    acr122.half_read = True
    assert usb_reader.look() == Sight(half_read=True)
    acr122.half_read = False
    assert usb_reader.look() == NOTHING


def test_a_reader_that_is_unplugged_is_one_sentence(usb_reader, acr122):
    acr122.unplugged = True
    with pytest.raises(ReaderError, match="does not answer"):
        usb_reader.look()


class MoodyReader(CardReader):
    """A reader that fails in the ways that readers do: away, unplugged while looking, and with a bug."""

    def __init__(self):
        self.opened = self.closed = 0
        self.moods = [ReaderError("It is away."), None, ReaderError("It was unplugged."), ValueError("bug")]

    def open(self):
        self.opened += 1
        mood = self.moods.pop(0) if self.moods else None
        if isinstance(mood, ReaderError) and str(mood) == "It is away.":
            raise mood

    def look(self):
        time.sleep(0.001)
        if self.moods:
            mood = self.moods.pop(0)
            if mood is not None:
                raise mood
        return Sight(frozenset({bytes.fromhex(DESFIRE)}))

    def reset(self):
        """Nothing to reset."""

    def close(self):
        self.closed += 1


def test_a_bad_reader_is_a_state_and_never_the_end(monkeypatch):
    monkeypatch.setattr("device.core.watch._FIRST_PAUSE", 0.01)
    health, presented, reader = Health(), [], MoodyReader()
    watch = ReaderWatch(reader, health, presented.append)
    watch.start()
    deadline = time.monotonic() + 10
    while (reader.opened < 3 or not presented or health.reader != "ok") and time.monotonic() < deadline:
        time.sleep(0.005)
    watch.stop()
    assert presented[0].presence is Presence.CARD
    assert health.reader == "ok"
    assert Fault.READER not in health.faults
    assert reader.closed == reader.opened
