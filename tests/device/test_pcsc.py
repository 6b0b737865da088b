"""The reader over PC/SC: real pcscd, real pyscard, a virtual reader and a virtual card."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from device.adapters.eid import PcscIdentity
from device.adapters.pcsc import PcscReader, _choose
from device.adapters.readers import AnyReader, reader_for
from device.core.health import Health
from device.core.presence import Presence
from device.core.watch import ReaderWatch
from device.ports import NOTHING, IdentityError, ReaderError, Sight
from fakes.eid import PORTRAIT
from fakes.pcsc import VirtualPcsc, require_pcsc
from fakes.virtual_zuil import VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KNOWN_CHIP, row
from shared.wire.bridge import IdentityFault

DESFIRE = "04A1B2C3D4E5F6"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = require_pcsc(tmp_path_factory.mktemp("pyscard"))
    sys.path.append(str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture
def pcsc(library):
    pcsc = VirtualPcsc().start()
    yield pcsc
    pcsc.stop()


@pytest.fixture
def reader(pcsc):
    reader = PcscReader()
    reader.open()
    yield reader
    reader.close()


def first(reader, wanted, looks=60):
    """Look until the sight is `wanted`."""
    return any(wanted(reader.look()) for _ in range(looks))


def test_the_number_of_a_card_is_read_and_its_leaving_is_told(reader, pcsc):
    assert reader.look() == NOTHING
    pcsc.hold(KNOWN_CHIP)
    here = Sight(frozenset({bytes.fromhex(KNOWN_CHIP)}))
    assert first(reader, lambda sight: sight == here)
    assert reader.look() == here, "as long as it lies there"
    pcsc.remove()
    assert first(reader, lambda sight: sight.removed)
    assert first(reader, lambda sight: sight == NOTHING)


def test_a_card_that_gives_no_number_is_half_read(reader, pcsc):
    pcsc.hold(DESFIRE, kind="mute")
    assert first(reader, lambda sight: sight.half_read)


def test_an_empty_field_costs_next_to_nothing(reader):
    begin, used = time.monotonic(), time.process_time()
    for _ in range(8):
        assert reader.look() == NOTHING
    assert time.monotonic() - begin < 4
    assert time.process_time() - used < 0.1


def test_looking_lets_the_other_threads_run(reader):
    looking = threading.Thread(target=lambda: [reader.look() for _ in range(8)])
    looking.start()
    turns = 0
    while looking.is_alive():
        time.sleep(0.01)
        turns += 1
    assert turns > 50


def test_a_reader_that_pcscd_does_not_know_is_one_sentence(pcsc):
    with pytest.raises(ReaderError, match="knows no card reader ACR1252"):
        PcscReader("ACR1252").open()


def test_without_pcscd_it_is_one_sentence(library):
    with pytest.raises(ReaderError, match="pcscd does not answer"):
        PcscReader().open()


def test_auto_takes_the_reader_that_pcscd_has(pcsc):
    reader = AnyReader()
    reader.open()
    assert isinstance(reader._reader, PcscReader)
    reader.close()


def test_auto_without_any_reader_names_both_ways(library):
    with pytest.raises(ReaderError, match="pcscd") as refused:
        AnyReader().open()
    assert str(refused.value).count(".") >= 2


def test_a_setting_chooses_the_way():
    assert isinstance(reader_for("pcsc:ACR1252"), PcscReader)
    assert type(reader_for("usb:072f:2200")).__name__ == "NfcReader"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["ACS ACR1252 SAM Reader 01 00", "ACS ACR1252 Dual Reader PICC 00 00"], 1),
        (["ACS ACR1281 1S ICC Reader", "ACS ACR1281 1S PICC Reader", "ACS ACR1281 1S SAM Reader"], 1),
        (["Virtual PCD 00 00", "Virtual PCD 00 01"], 0),
        (["ACS ACR1252 SAM Reader 01 00"], None),
        ([], None),
    ],
)
def test_of_several_slots_the_contactless_one_is_taken(names, chosen):
    assert _choose(names, "") == ("" if chosen is None else names[chosen])


@pytest.mark.parametrize("kind", ["eid", "strict-eid"])
def test_the_eid_in_the_reader_says_who_it_is_of(pcsc, kind):
    pcsc.hold(DESFIRE, kind=kind)
    identity = first_identity()
    assert (identity.first_name, identity.last_name, identity.insz) == ("An", "Peeters", "83030201540")
    assert (identity.birth_date, identity.gender, identity.nationality) == ("1983-03-02", "FEMALE", "Belg")
    assert (identity.street, identity.house_number, identity.box) == ("Dorpsstraat", "12", "3")
    assert (identity.postcode, identity.place) == ("9040", "Gent")
    assert PcscIdentity().photo() == PORTRAIT


def test_without_an_eid_it_is_said_what_is_wrong(pcsc, library):
    assert fault_of(PcscIdentity()) is IdentityFault.NO_CARD
    pcsc.hold(KNOWN_CHIP)
    until(lambda: fault_of(PcscIdentity()) is IdentityFault.OTHER_CARD)
    pcsc.kill()
    assert fault_of(PcscIdentity()) is IdentityFault.NO_READER


def fault_of(reader):
    try:
        reader.read()
    except IdentityError as error:
        return error.fault
    return None


def first_identity():
    """Read as soon as the card is in."""
    until(lambda: fault_of(PcscIdentity()) is None)
    return PcscIdentity().read()


def test_pcscd_that_is_killed_and_comes_back_is_a_state_and_then_over(pcsc, monkeypatch):
    monkeypatch.setattr("device.core.watch._FIRST_PAUSE", 0.1)
    health, presented = Health(), []
    watch = ReaderWatch(PcscReader(), health, presented.append)
    watch.start()
    try:
        until(lambda: health.reader == "ok")
        pcsc.kill()
        until(lambda: "does not answer" in health.reader)
        pcsc.start()
        until(lambda: health.reader == "ok")
        pcsc.hold(KNOWN_CHIP)
        until(lambda: presented)
        assert (presented[0].presence, presented[0].chip_number) == (Presence.CARD, KNOWN_CHIP)
    finally:
        watch.stop()


def test_a_tap_on_a_pcsc_reader_reaches_the_server(pcsc, library, tmp_path):
    with WireServer([row(KNOWN_CHIP, 1)]) as server:
        zuil = VirtualZuil(tmp_path, server.url, CODE)
        zuil.start().ready()
        zuil.stop()
        environment = {"ZUIL_LIGHTS_PRESENT": "false", "PYTHONPATH": str(library)}
        zuil.start(virtual=False, environment=environment)
        try:
            until(lambda: "PcscReader" in zuil.log.read_text())
            pcsc.hold(KNOWN_CHIP)
            until(lambda: server.taps)
            assert [tap.outcome for tap in server.taps.values()] == ["ok"]
        finally:
            assert zuil.stop() == 0


def until(true, seconds=20):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.02)
