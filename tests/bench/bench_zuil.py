"""The zuil as a process, with 1,000,000 cards: memory, cold start, idle work, and the way to the display."""

import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import msgspec
import psutil

from device.adapters.cache import SqliteCache
from device.adapters.credentials import save_credentials
from device.adapters.gpio import NoLights
from device.adapters.journal import SqliteJournal
from device.adapters.nfc import NfcReader
from device.adapters.oled import PanelDisplay, open_capture
from device.core.clock import ServerClock
from device.core.health import Health
from device.core.kiosk import Kiosk
from device.core.tap import TapDesk, prepare
from device.core.watch import ReaderWatch
from device.ports import ScreenKind
from device.settings import DisplaySettings
from fakes.ports import free_ports
from shared.wire.messages import Changes, Enrolment
from tests.bench.bench_tap import CONFIG, NoLink, fill
from tests.bench.report import Figure, percentile, show

ROOT = Path(__file__).parents[2]
CHIP = "04AAAAAAAAAAAA"
IDLE_SECONDS = 15
FIRST_PIXELS = 40
ENROLMENT = Enrolment(
    kiosk=1, name="bench", consumer_key="k", consumer_secret="s", sealing_key=bytes(32), signing_key=bytes(32)
)


def start(folder: Path, port: int, *extra: str) -> subprocess.Popen[bytes]:
    boot = folder / "boot"
    boot.mkdir(exist_ok=True)
    # Nobody listens there: the zuil works on its own, and keeps trying.
    (boot / "zuil.toml").write_text('[server]\nurl = "http://127.0.0.1:9"\n[lights]\npresent = false\n')
    command = [
        sys.executable,
        "-m",
        "device",
        "run",
        "--boot",
        str(boot),
        "--state",
        str(folder / "state"),
        *extra,
    ]
    environment = {"ZUIL_READER_DEVICE": f"udp:127.0.0.1:{port}", "PATH": "/usr/bin:/bin"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def cold_start(folder: Path) -> tuple[float, float]:
    """Return the seconds from start to the first accepted tap, and the resident megabytes after 200 taps."""
    port = free_ports(1)
    begin = time.perf_counter()
    zuil = start(folder, 9, "--virtual", "--control", str(port))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as control:
            took = 0.0
            for number in range(200):
                while True:
                    try:
                        answer = control.post("/tap", json={"chip": CHIP, "hold_ms": 1}).json()
                    except httpx.TransportError:
                        time.sleep(0.01)
                        continue
                    if answer.get("outcome") in ("ok", "maximum_reached"):
                        break
                if number == 0:
                    took = time.perf_counter() - begin
            return took, psutil.Process(zuil.pid).memory_info().rss / 1e6
    finally:
        end(zuil)


def idle(folder: Path) -> tuple[float, float]:
    """Return the share of one core in percent, polling an emulated reader, and the resident megabytes."""
    zuil = start(folder, free_ports(1))
    try:
        process = psutil.Process(zuil.pid)
        time.sleep(8)
        before = process.cpu_times()
        time.sleep(IDLE_SECONDS)
        after = process.cpu_times()
        assert zuil.poll() is None, "the zuil stopped"
        used = after.user + after.system - before.user - before.system
        return 100 * used / IDLE_SECONDS, process.memory_info().rss / 1e6
    finally:
        end(zuil)


def first_pixels(folder: Path) -> list[float]:
    """Return the milliseconds from a card in the field to the new picture, through nfcpy's real stack."""
    port = free_ports(1)
    cache, journal = SqliteCache(folder / "state" / "cache.db"), SqliteJournal(folder / "pixels.db")
    display, health = PanelDisplay(DisplaySettings(), open_capture), Health()
    clock = ServerClock("boot")
    kiosk = Kiosk(
        TapDesk(cache, journal, NoLink(), clock),
        display,
        NoLights(),
        clock,
        health,
        recorded=lambda: None,
        alive=lambda: None,
        turned=lambda: None,
    )
    kiosk.configure(prepare(CONFIG))
    watch, stop = ReaderWatch(NfcReader(f"udp:127.0.0.1:{port}"), health, kiosk.present), threading.Event()
    display.open()
    watch.start()
    turning = threading.Thread(target=kiosk.run, args=(stop,))
    turning.start()
    draw, found = random.Random(1), []
    try:
        for _ in range(FIRST_PIXELS):
            while kiosk.screen is None or kiosk.screen.kind is ScreenKind.RESULT:
                time.sleep(0.01)
            time.sleep(draw.uniform(0.0, 0.2))
            frames = display.frames
            card = subprocess.Popen(
                [sys.executable, "-m", "fakes.nfc_card", str(port), "ultralight", CHIP, "0.6"],
                cwd=ROOT / "tests",
                stdout=subprocess.PIPE,
                text=True,
            )
            present = float(card.stdout.readline().split()[1])
            while not (display.frames > frames and kiosk.screen and kiosk.screen.kind is ScreenKind.RESULT):
                assert time.time() < present + 3, "the card was not seen"
                time.sleep(0.0005)
            found.append(1000 * (time.time() - present))
            card.wait()
    finally:
        stop.set()
        turning.join()
        watch.stop()
        display.close()
        cache.close()
        journal.close()
    return found


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        state = folder / "state"
        state.mkdir()
        fill(state, [CHIP])
        (state / "snapshot").unlink()
        with_config = SqliteCache(state / "cache.db")
        with_config.apply(Changes(cursor="1.1", config=msgspec.structs.replace(CONFIG, lease_days=36500)))
        with_config.close()
        save_credentials(state, ENROLMENT)
        seconds, after_taps = cold_start(folder)
        share, megabytes = idle(folder)
        pixels = first_pixels(folder)
    p95 = percentile(pixels, 0.95)
    return show(
        "The zuil's process, 1,000,000 cards in its cache",
        [
            Figure("cold start to first accepted tap", f"{seconds:.2f} s", target="≤ 3 s", good=seconds <= 3),
            Figure(
                "resident, after 200 taps", f"{after_taps:.0f} MB", target="≤ 70 MB", good=after_taps <= 70
            ),
            Figure(
                "resident, real reader stack", f"{megabytes:.0f} MB", target="≤ 70 MB", good=megabytes <= 70
            ),
            Figure("idle, polling the reader", f"{share:.1f} % of a core", target="≤ 3 %", good=share <= 3),
            Figure("card in field to first pixel, p50", f"{percentile(pixels, 0.5):.0f} ms"),
            Figure("card in field to first pixel, p95", f"{p95:.0f} ms", target="≤ 150 ms", good=p95 <= 150),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
