"""What a zuil measures of itself, on a machine with everything and on one with nothing."""

from device.adapters.vitals import PiGauges
from device.core import report
from device.core.health import Health, Readings
from device.core.kiosk import Kiosk
from device.core.screens import starting
from device.core.tally import Tally
from device.core.tap import TapDesk
from fakes.zuil import FakeClock, RecordingDisplay, RecordingLights, UnreachableLink
from shared.domain.outcomes import Outcome

WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0
"""
ROUTE = """Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t0002A8C0\t00000000\t0001\t0\t0\t303\t00FFFFFF\t0\t0\t0
wlan0\t00000000\t0102A8C0\t0003\t0\t0\t303\t00000000\t0\t0\t0
"""


def put(root, **files):
    for name, text in files.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def test_a_pi_tells_warmth_power_memory_storage_and_radio(tmp_path):
    proc, sys = tmp_path / "proc", tmp_path / "sys"
    for name, text in {
        "class/thermal/thermal_zone0/temp": "54321\n",
        "devices/platform/soc/soc:firmware/get_throttled": "50005\n",
        "block/mmcblk0/device/life_time": "0x03 0x01\n",
        "block/mmcblk0/stat": "1 2 3 4 5 6 4000000 8 9 10 11\n",
        "fs/ext4/mmcblk0p2/errors_count": "2\n",
    }.items():
        (sys / name).parent.mkdir(parents=True, exist_ok=True)
        (sys / name).write_text(text)
    (sys / "class/net/wlan0/wireless").mkdir(parents=True)
    put(
        proc,
        meminfo="MemTotal:  948304 kB\nMemFree: 1 kB\nMemAvailable:  500000 kB\n",
        net__wireless=WIRELESS,
        net__route=ROUTE,
    )
    found = PiGauges(tmp_path, proc, sys).read()
    assert (found.temperature, found.throttled) == (54.3, 0x50005)
    assert (found.memory_free, found.memory_total) == (512, 971)
    assert (found.wear, found.written, found.storage_errors) == (30, 2048, 2)
    assert (found.network, found.signal) == ("wifi", -56)
    assert 0 < found.disk_free <= found.disk_total


def test_a_cable_has_no_signal_and_a_machine_without_meters_says_nothing(tmp_path):
    put(tmp_path / "proc", net__route=ROUTE.replace("wlan0", "eth0"), net__wireless=WIRELESS)
    (tmp_path / "sys/class/net/eth0").mkdir(parents=True)
    found = PiGauges(tmp_path, tmp_path / "proc", tmp_path / "sys").read()
    assert (found.network, found.signal) == ("ethernet", None)
    bare = PiGauges(tmp_path / "gone", tmp_path / "none", tmp_path / "none").read()
    assert bare == Readings()


def test_the_tally_forgets_what_is_older_than_an_hour():
    tally = Tally()
    for seconds in (0.0, 10.0, 3000.0):
        tally.note(seconds, refused=seconds == 10.0)
    assert tally.hour(3000.0) == (3, 1)
    assert tally.hour(3700.0) == (1, 0)
    assert tally.hour(90_000.0) == (0, 0)


def test_a_heartbeat_carries_what_was_measured(journal, cache):
    clock, display, lights, health = FakeClock(), RecordingDisplay(), RecordingLights(), Health()
    kiosk = Kiosk(
        TapDesk(cache, journal, UnreachableLink(), clock),
        display,
        lights,
        clock,
        health,
        recorded=lambda: None,
        alive=lambda: None,
    )
    for outcome in (Outcome.CARD_BLOCKED, Outcome.OK):
        kiosk._answer(starting("nl"), outcome)
    health.round_trip = 87

    class Meters:
        def read(self):
            return Readings(temperature=48.5, network="wifi", signal=-61)

    beat = report.heartbeat(
        kiosk, journal, cache, display=display, clock=clock, health=health, gauges=Meters()
    )
    told = beat.telemetry
    assert (told.temperature, told.network, told.signal, told.round_trip) == (48.5, "wifi", -61, 87)
    assert (told.taps, told.refusals) == (2, 1)
    assert told.followed is None
