"""A snapshot and a delta: bytes on the wire, and how long either holds up a tap."""

import gzip
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from device.adapters.cache import SqliteCache
from device.adapters.journal import SqliteJournal
from device.core.clock import ServerClock
from device.core.tap import TapDesk, prepare
from shared.domain.checkin import CardState
from shared.wire.cards import FOREVER, CardRow, card_token, encode_block, format_checksum, write_snapshot
from shared.wire.messages import Changes, SnapshotInfo
from tests.bench.bench_tap import CARDS, CONFIG, KEY, SYSTEM, NoLink
from tests.bench.report import Figure, show

HOLD_UP_MS = 50
CHANGES = 1_000


def population() -> list[CardRow]:
    """A region of a million cards: 5 % blocked, a quarter with a kansenstatuut of two end dates."""
    draw = random.Random(3)
    tokens = sorted({draw.getrandbits(64) - 2**63 for _ in range(CARDS - 1)} | {card_token(KEY, CHIP)})
    return [
        CardRow(
            token,
            draw.randrange(1, CARDS),
            CardState.BLOCKED if draw.random() < 0.05 else CardState.ACTIVE,
            draw.choice((FOREVER, FOREVER, FOREVER, 9617 if draw.random() < 0.5 else 9982)),
            int(draw.expovariate(1 / 12)),
        )
        for token in tokens
    ]


CHIP = "04AAAAAAAAAAAA"


def worst_tap(desk: TapDesk, during: Callable[[], None]) -> tuple[float, int]:
    """Tap every 5 ms while `during` runs; return the slowest tap in milliseconds, and how many there were."""
    setup = prepare(CONFIG)
    work = threading.Thread(target=during)
    slowest, taps = 0.0, 0
    work.start()
    while work.is_alive():
        begin = time.perf_counter()
        desk.take(CHIP, setup)
        slowest, taps = max(slowest, 1000 * (time.perf_counter() - begin)), taps + 1
        time.sleep(0.005)
    return slowest, taps


def main() -> int:
    rows = population()
    changed = random.Random(5).sample(rows, CHANGES)
    delta = encode_block(changed)
    as_json = gzip.compress(json.dumps([row._asdict() for row in changed]).encode())
    figures = [
        Figure(
            "1,000 changes",
            f"{len(delta) / 1000:.1f} kB",
            f"{len(as_json) / 1000:.1f} kB (JSON, gzip)",
            f"{len(delta) / len(as_json):.2f}",
            "≤ 18 kB",
            good=len(delta) <= 18_000,
        )
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "snapshot"
        with file.open("wb") as target:
            cards, checksum = write_snapshot(target, SYSTEM, rows)
        size = file.stat().st_size
        lines = gzip.compress("\n".join(json.dumps(row) for row in rows[:100_000]).encode())
        figures.append(
            Figure(
                "snapshot, per card",
                f"{size / cards:.1f} B",
                f"{len(lines) / 100_000:.1f} B (JSON lines, gzip)",
                f"{size / cards / (len(lines) / 100_000):.2f}",
                "≤ 14 B",
                good=size / cards <= 14,
            )
        )
        info = SnapshotInfo(
            system=SYSTEM,
            cursor="1.1",
            cards=cards,
            size=size,
            sha256="",
            signature=b"",
            checksum=format_checksum(checksum),
            url="",
        )
        cache, journal = SqliteCache(folder / "cache.db"), SqliteJournal(folder / "journal.db")
        cache.apply(Changes(cursor="1.0", config=CONFIG))
        desk = TapDesk(cache, journal, NoLink(), ServerClock("boot"))
        cache.replace([(info, file)])
        begin = time.perf_counter()
        slowest, taps = worst_tap(desk, lambda: cache.replace([(info, file)]))
        took = time.perf_counter() - begin
        figures.append(
            Figure(
                f"slowest of {taps} taps during a snapshot ({took:.1f} s)",
                f"{slowest:.1f} ms",
                target=f"≤ {HOLD_UP_MS} ms",
                good=slowest <= HOLD_UP_MS,
            )
        )
        change = Changes(cursor="1.2", cards={str(SYSTEM): delta})
        slowest, taps = worst_tap(desk, lambda: [cache.apply(change) for _ in range(20)] and None)
        figures.append(
            Figure(
                f"slowest of {taps} taps during 20 deltas of 1,000",
                f"{slowest:.1f} ms",
                target=f"≤ {HOLD_UP_MS} ms",
                good=slowest <= HOLD_UP_MS,
            )
        )
        assert cache.checksums()[str(SYSTEM)] == format_checksum(checksum)
        cache.close()
        journal.close()
    return show("Cards on the wire, 1,000,000 of them", figures)


if __name__ == "__main__":
    sys.exit(main())
