"""A tap with 1,000,000 cards in the cache, against a hand-written sqlite3 script.

Both read the card, the check-ins of others, the own ones, and write one row with
`synchronous=FULL`, in turns, so that the disk is the same for both.
"""

import random
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from device.adapters.build_cache import build
from device.adapters.cache import SqliteCache
from device.adapters.journal import SqliteJournal
from device.core.clock import ServerClock
from device.core.tap import TapDesk, prepare
from shared.domain.checkin import CardState
from shared.domain.zones import to_millis
from shared.wire.cards import FOREVER, CardRow, card_token, write_snapshot
from shared.wire.messages import (
    CalendarMessage,
    Changes,
    EventMessage,
    KioskConfig,
    LookupAnswer,
    LookupRequest,
    SystemMessage,
)
from tests.bench.report import Figure, percentile, show

CARDS = 1_000_000
TAPS = 4_000
SYSTEM, KEY = 5, b"bench key of thirty-two bytes..."
EVENT = EventMessage(
    id="5a0967f9-cc06-4c3c-9206-30481a767434",
    number=1,
    titles={"nl": "Bench"},
    calendar=CalendarMessage(kind="permanent"),
    limit=(1, "WEEK"),
)
CONFIG = KioskConfig(
    version="1",
    kiosk=1,
    name="bench",
    systems=[SystemMessage(id=SYSTEM, name="x", token_key=KEY)],
    events=[EVENT],
)


class NoLink:
    """Nobody is asked: every card of this bench is in the cache."""

    def seal(self, chip_number: str) -> bytes:
        raise AssertionError(chip_number)

    def lookup(self, request: LookupRequest, seconds: float) -> LookupAnswer:
        raise AssertionError(request, seconds)


def fill(folder: Path, chips: list[str]) -> Path:
    """Make a cache of a million cards, of which `chips` are known to us."""
    draw = random.Random(7)
    tokens = {card_token(KEY, chip) for chip in chips}
    while len(tokens) < CARDS:
        tokens.add(draw.getrandbits(64) - 2**63)
    rows = (
        CardRow(token, index + 1, CardState.ACTIVE, FOREVER, 3) for index, token in enumerate(sorted(tokens))
    )
    snapshot = folder / "snapshot"
    with snapshot.open("wb") as target:
        write_snapshot(target, SYSTEM, rows)
    cache = folder / "cache.db"
    build(cache, folder / "none", {SYSTEM: snapshot})
    return cache


def hand_written(cache: Path, journal: Path):
    """Return the tap as one would write it in an afternoon: the same reads, one insert."""
    read = sqlite3.connect(cache, isolation_level=None)
    write = sqlite3.connect(journal, isolation_level=None)
    write.execute("PRAGMA journal_mode = WAL")
    write.execute("PRAGMA synchronous = FULL")
    write.execute(
        "CREATE TABLE tap (seq INTEGER PRIMARY KEY, passholder INTEGER, event TEXT, at INTEGER, body BLOB)"
    )
    write.execute("CREATE INDEX tap_passholder ON tap (passholder)")

    def tap(chip: str, payload: bytes) -> None:
        token = card_token(KEY, chip)
        card = read.execute("SELECT passholder, state, points FROM card WHERE token = ?", (token,)).fetchone()
        others = read.execute(
            "SELECT id, at FROM checkin WHERE passholder = ? AND event = ?", (card[0], EVENT.id)
        ).fetchall()
        own = write.execute("SELECT at FROM tap WHERE passholder = ?", (card[0],)).fetchall()
        if card[1] == CardState.ACTIVE and not others and len(own) < 2:
            now = int(time.time() * 1000)
            write.execute(
                "INSERT INTO tap (passholder, event, at, body) VALUES (?, ?, ?, ?)",
                (card[0], EVENT.id, now, payload),
            )

    return tap


def main() -> int:
    draw = random.Random(11)
    chips = [f"04{draw.getrandbits(48):012X}" for _ in range(TAPS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cache_file = fill(folder, chips)
        cache, journal = SqliteCache(cache_file), SqliteJournal(folder / "journal.db")
        cache.apply(Changes(cursor="1.1", config=CONFIG))
        clock = ServerClock("boot")
        clock.learn(to_millis(datetime.now(UTC)), 0.0, 0.1)
        desk, setup = TapDesk(cache, journal, NoLink(), clock), prepare(CONFIG)
        by_hand = hand_written(cache_file, folder / "hand.db")
        payload = msgspec.json.encode({"id": "0" * 36, "event": EVENT.id, "at": 1, "filler": "x" * 260})
        ours, theirs = [], []
        for index, chip in enumerate(chips):
            first, second = (ours, theirs) if index % 2 else (theirs, ours)
            for side in (first, second):
                begin = time.perf_counter()
                if side is ours:
                    desk.take(chip, setup)
                else:
                    by_hand(chip, payload)
                side.append(1000 * (time.perf_counter() - begin))
            if index % 500 == 499:
                journal.tidy()
        assert journal.state().last_seq == TAPS
        cache.close()
        journal.close()
    ours, theirs = ours[200:], theirs[200:]
    figures = []
    for label, part, target in (("p50", 0.5, 1.5), ("p99", 0.99, 2.0)):
        here, there = percentile(ours, part), percentile(theirs, part)
        ratio = here / there
        figures.append(
            Figure(
                f"tap to journalled, {label}",
                f"{here:.3f} ms",
                f"{there:.3f} ms",
                f"{ratio:.2f}",
                f"≤ {target}",
                good=ratio <= target,
            )
        )
    return show("A tap, 1,000,000 cards (baseline: a hand-written sqlite3 script)", figures)


if __name__ == "__main__":
    sys.exit(main())
