"""Hardware that fails gets a code, is mended where that can be, and stops nobody who can still tap."""

from __future__ import annotations

import os
import random
import threading
import time
from types import SimpleNamespace

import pytest

from device.adapters.gpio import GpioLights
from device.adapters.machine import PiMachine
from device.adapters.usb import ids_of, reset_readers
from device.core.health import Fault, Health
from device.core.kiosk import Kiosk
from device.core.presence import Presence
from device.core.screens import out_of_order
from device.core.supervision import Supervision
from device.core.tap import TapDesk, prepare
from device.core.watch import ReaderWatch
from device.ports import CardReader, ReaderError, ScreenKind, Sight
from device.settings import LightsSettings
from fakes.zuil import KNOWN_CHIP, RecordingDisplay, RecordingLights
from shared.domain.outcomes import Tone

HERE = Sight(frozenset({bytes.fromhex(KNOWN_CHIP)}))


def until(true, seconds=10):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


class HangingReader(CardReader):
    """A reader that stops answering in the middle of a look; a reset wakes it up, unless it is hopeless."""

    def __init__(self, *, hopeless=False):
        self.hang, self.hopeless = threading.Event(), hopeless
        self.woken = threading.Event()
        self.resets = 0

    def open(self):
        """It opens."""

    def look(self):
        if self.hang.is_set():
            self.woken.wait(30)
            self.hang.clear()
            raise ReaderError("The card reader was reset.")
        time.sleep(0.005)
        return HERE if self.resets else Sight()

    def reset(self):
        self.resets += 1
        if not self.hopeless:
            self.woken.set()

    def close(self):
        """It closes."""


class Board:
    """A machine of which a test says what is wrong."""

    def __init__(self):
        self.wrong = frozenset()
        self.asked = 0

    def ask_for_remount(self):
        self.asked += 1

    def faults(self):
        return self.wrong


class House:
    def __init__(self, reader, journal):
        self.health, self.board, self.presented, self.restarts = Health(), Board(), [], 0
        self.display, self.lights = RecordingDisplay(), RecordingLights()
        self.watch = ReaderWatch(reader, self.health, self.presented.append)
        self.supervision = Supervision(
            self.watch,
            self.board,
            journal,
            self.health,
            display=self.display,
            lights=self.lights,
            restart=self._restart,
        )

    def _restart(self):
        self.restarts += 1

    def codes(self):
        self.supervision.turn()
        return sorted(fault.value for fault in self.health.faults)


@pytest.fixture
def house(journal, monkeypatch):
    monkeypatch.setattr("device.core.watch._LOOK_SECONDS", 0.2)
    monkeypatch.setattr("device.core.watch._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("device.core.watch._STOP_SECONDS", 0.5)
    return House(HangingReader(), journal)


def test_a_reader_that_hangs_is_told_reset_and_used_again(house, caplog):
    caplog.set_level("INFO")
    house.watch.start()
    reader = house.watch._reader
    reader.hang.set()
    until(lambda: house.watch.hangs)
    # The code may be gone again before anybody can look.
    until(lambda: house.codes() == ["E11"] or "E11: noticed" in caplog.text)
    until(lambda: house.presented)
    assert house.presented[0].presence is Presence.CARD
    until(lambda: house.codes() == [])
    assert (reader.resets, house.restarts) == (1, 0)
    house.watch.stop()


def test_a_reader_that_hangs_for_ever_has_the_zuil_started_anew_and_does_not_keep_it_from_stopping(
    house, monkeypatch
):
    monkeypatch.setattr("device.core.supervision._RESTART_SECONDS", 0.2)
    reader = house.watch._reader
    reader.hopeless = True
    house.watch.start()
    reader.hang.set()
    until(lambda: house.watch.hangs)
    until(lambda: house.codes() == ["E11"] and house.restarts == 1)
    begin = time.monotonic()
    house.watch.stop()
    assert time.monotonic() - begin < 2
    reader.woken.set()


def test_a_reader_that_stays_away_is_reset_now_and_then(monkeypatch):
    monkeypatch.setattr("device.core.watch._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("device.core.watch._LONGEST_PAUSE", 0.01)

    class Away(HangingReader):
        def open(self):
            raise ReaderError("No card reader was found.")

    reader, health = Away(), Health()
    watch = ReaderWatch(reader, health, lambda _: None)
    watch.start()
    until(lambda: reader.resets >= 2)
    watch.stop()
    assert Fault.READER in health.faults


def test_a_reader_that_says_garbage_ends_nothing(monkeypatch):
    draw = random.Random(1)

    class Garbled(HangingReader):
        def look(self):
            time.sleep(0.001)
            size = draw.randrange(0, 12)
            return Sight(frozenset({draw.randbytes(size)}), half_read=draw.random() < 0.3)

    health, presented = Health(), []
    watch = ReaderWatch(Garbled(), health, presented.append)
    watch.start()
    until(lambda: len(presented) > 3)
    watch.stop()
    assert health.reader == "ok"
    assert {one.presence for one in presented} <= set(Presence)


@pytest.mark.parametrize(
    ("break_it", "code"),
    [
        (lambda house: setattr(house.display, "state", "The display cannot be used: no bus"), "E70"),
        (lambda house: setattr(house.lights, "state", "no pins"), "E71"),
        (lambda house: setattr(house.board, "wrong", {Fault.UNDER_VOLTAGE}), "E72"),
        (lambda house: setattr(house.board, "wrong", {Fault.HEAT}), "E73"),
        (lambda house: setattr(house.board, "wrong", {Fault.STORAGE_NEARLY_FULL}), "E22"),
    ],
)
def test_what_is_wrong_has_a_code_in_the_heartbeat_and_on_the_display_and_people_go_on_tapping(
    house, cache, journal, link, clock, *, break_it, code
):
    kiosk = Kiosk(
        TapDesk(cache, journal, link, clock),
        house.display,
        house.lights,
        clock,
        house.health,
        recorded=lambda: None,
        alive=lambda: None,
    )
    kiosk.configure(prepare(cache.config()))
    break_it(house)
    assert house.codes() == [code]
    assert code in house.health.told()
    setup, reading = kiosk._setup, clock.read()
    shown = [kiosk._quiet_screen(setup, reading, moment) for moment in (0.5, 2.0)]
    assert {screen.kind for screen in shown} == {ScreenKind.IDLE}
    assert {screen.clock for screen in shown} == {"19:00", code}
    assert kiosk._take(KNOWN_CHIP, setup, "nl").seq == 1

    house.display.state = house.lights.state = "ok"
    house.board.wrong = frozenset()
    assert house.codes() == []


def test_a_card_that_is_read_only_is_out_of_order_with_its_own_code(house):
    house.board.wrong = frozenset({Fault.STORAGE_READ_ONLY})
    assert house.codes() == ["E21"]
    assert out_of_order(Fault.STORAGE_READ_ONLY, "nl").detail == "Opslag alleen-lezen"
    assert house.codes() == ["E21"]
    assert house.board.asked == 1, "the system is asked to mend it, not at every look"
    house.board.wrong = frozenset()
    assert house.codes() == []


def test_root_is_asked_by_a_file_and_without_its_folder_nothing_happens(tmp_path):
    PiMachine(tmp_path, tmp_path, runtime=tmp_path).ask_for_remount()
    assert (tmp_path / "remount").exists()
    PiMachine(tmp_path, tmp_path, runtime=tmp_path / "nowhere").ask_for_remount()


def test_a_slow_card_is_told(house, journal, monkeypatch):
    assert house.codes() == []
    ticks = iter((0.0, 1.5))
    monkeypatch.setattr("device.adapters.journal.time", SimpleNamespace(monotonic=lambda: next(ticks)))
    journal.append("a", b'{"clock":{"wall":1,"monotonic":1,"boot":"x"}}', None)
    monkeypatch.undo()
    assert house.codes() == ["E23"]
    later = time.monotonic() + 601
    monkeypatch.setattr("device.core.supervision.time", SimpleNamespace(monotonic=lambda: later))
    assert house.codes() == [], "one hiccup of the SD card is not told all night"
    monkeypatch.undo()
    journal.append("b", b'{"clock":{"wall":1,"monotonic":1,"boot":"x"}}', None)
    assert house.codes() == []


@pytest.fixture
def sys(tmp_path):
    """A fake /sys of a Raspberry Pi with which nothing is wrong."""
    put(tmp_path, "class/hwmon/hwmon0/name", "cpu_thermal")
    put(tmp_path, "class/hwmon/hwmon1/name", "rpi_volt")
    put(tmp_path, "class/hwmon/hwmon1/in0_lcrit_alarm", "0")
    put(tmp_path, "class/thermal/thermal_zone0/temp", "48312")
    put(tmp_path, "devices/platform/soc/soc:firmware/get_throttled", "50000")
    return tmp_path


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("class/hwmon/hwmon1/in0_lcrit_alarm", "1", Fault.UNDER_VOLTAGE),
        ("devices/platform/soc/soc:firmware/get_throttled", "50005", Fault.UNDER_VOLTAGE),
        ("class/thermal/thermal_zone0/temp", "81000", Fault.HEAT),
        ("devices/platform/soc/soc:firmware/get_throttled", "80008", Fault.HEAT),
    ],
)
def test_power_and_warmth_are_read_from_sys(sys, tmp_path, name, text, fault):
    machine = PiMachine(tmp_path, sys)
    assert machine.faults() == frozenset()
    put(sys, name, text)
    assert machine.faults() == {fault}
    put(sys, name, "rubbish")
    assert machine.faults() == frozenset()


def test_a_machine_without_such_files_is_fine(tmp_path):
    assert PiMachine(tmp_path, tmp_path / "nothing").faults() == frozenset()


@pytest.mark.parametrize(
    ("flag", "free", "fault"),
    [(os.ST_RDONLY, 10**6, Fault.STORAGE_READ_ONLY), (0, 10, Fault.STORAGE_NEARLY_FULL)],
)
def test_the_card_is_looked_at(tmp_path, monkeypatch, flag, free, fault):
    found = SimpleNamespace(f_flag=flag, f_bavail=free, f_frsize=4096)
    monkeypatch.setattr("device.adapters.machine.os.statvfs", lambda _: found)
    assert PiMachine(tmp_path, tmp_path).faults() == {fault}


def test_a_reader_on_usb_is_reset_and_nothing_else_is(tmp_path):
    for name, vendor, product, number in (("1-1", "072f", "2200", 4), ("1-2", "0bda", "8153", 5)):
        for file, text in (("idVendor", vendor), ("idProduct", product), ("busnum", 1), ("devnum", number)):
            put(tmp_path, f"{name}/{file}", text)
    put(tmp_path, "1-1:1.0/bInterfaceClass", "0b")
    nodes, done = tmp_path / "bus", []
    assert reset_readers(devices=tmp_path, nodes=nodes, reset=done.append) == 1
    assert done == [nodes / "001" / "004"]
    assert reset_readers(("072f", "223b"), devices=tmp_path, nodes=nodes, reset=done.append) == 0
    assert ids_of("usb:072F:2200") == ("072f", "2200")
    assert ids_of("usb") is None


def test_a_reset_that_is_not_allowed_ends_nothing(tmp_path):
    for file, text in (("idVendor", "072f"), ("idProduct", "2200"), ("busnum", 1), ("devnum", 4)):
        put(tmp_path, f"1-1/{file}", text)

    def refuse(_):
        raise PermissionError(1, "no")

    assert reset_readers(devices=tmp_path, reset=refuse) == 0


def test_pins_that_go_and_come_back_are_a_state(monkeypatch):
    import sys as modules
    from types import ModuleType

    class Pins(ModuleType):
        BCM, OUT, LOW, HIGH = 11, 0, 0, 1
        broken, high = False, 0

        def setmode(self, mode): ...

        def setwarnings(self, on): ...

        def setup(self, pin, direction, initial): ...

        def cleanup(self): ...

        def output(self, pin, level):
            if self.broken:
                raise RuntimeError("the chip is gone")
            self.high += level

    pins, package = Pins("RPi.GPIO"), ModuleType("RPi")
    package.GPIO = pins
    monkeypatch.setitem(modules.modules, "RPi", package)
    monkeypatch.setitem(modules.modules, "RPi.GPIO", pins)
    monkeypatch.setattr("device.adapters.gpio._RETRY_SECONDS", 0.05)
    lights = GpioLights(LightsSettings())
    lights.open()
    pins.broken = True
    lights.signal(Tone.GOOD)
    until(lambda: "gone" in lights.state)
    pins.broken = False
    threading.Event().wait(0.06)
    lights.signal(Tone.GOOD)
    until(lambda: lights.state == "ok" and pins.high)
    lights.close()
