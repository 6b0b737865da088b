"""The power goes at every single write: no green tap is lost, and there is always a whole cache."""

from __future__ import annotations

from contextlib import closing

import pytest

from device.adapters.cache import SqliteCache
from device.adapters.journal import SqliteJournal
from fakes.powercut import every_cut, record
from shared.wire.cards import CardRow, add_checksums, format_checksum, row_hash
from shared.wire.chain import GENESIS, chain_link

TAPS = """
import os, sys
from pathlib import Path
from device.adapters.journal import SqliteJournal
from device.ports import Granted
from shared.wire.messages import VerdictMessage

folder = Path(sys.argv[1])
journal = SqliteJournal(folder / "journal.db")
shown = os.open(folder / "shown", os.O_WRONLY | os.O_CREAT, 0o600)
for number in range(1, 25):
    payload = b'{"clock":{"wall":%d,"monotonic":1,"boot":"x"},"note":"%s"}' % (number, b"n" * 300)
    seq = journal.append(f"tap-{number}", payload, Granted(number, "event", number, 1))
    os.pwrite(shown, bytes([seq]), 0)  # green
    if number % 6 == 0:
        journal.acknowledge([VerdictMessage(seq=number - 3, verdict="granted")], number - 3)
        journal.tidy()
    if number == 20:
        journal.prune(today=1, keep=0)
journal.close()
"""

SWAP = """
import sys
from pathlib import Path
from device.adapters.cache import SqliteCache
from fakes.zuil import concert, config, row, SYSTEM
from shared.wire.cards import encode_block, format_checksum, row_hash, write_snapshot
from shared.wire.messages import Changes, SnapshotInfo

folder = Path(sys.argv[1])
cache = SqliteCache(folder / "cache.db")
old = [row(f"04{number:012X}", number) for number in range(1, 40)]
block = {str(SYSTEM): encode_block(old)}
cache.apply(Changes(cursor="1.5", config=config(concert()), cards=block))
cache.tidy()
(folder / "ready").write_bytes(b"1")
new = sorted(row(f"04{number:012X}", number, points=7) for number in range(1, 60))
with (folder / "snapshot").open("wb") as file:
    write_snapshot(file, SYSTEM, new)
checksum = format_checksum(sum(map(row_hash, new)) % 2**64)
info = SnapshotInfo(system=SYSTEM, cursor="1.9", cards=len(new), size=0, sha256="", signature=b"",
                    checksum=checksum, url="")
cache.replace([(info, folder / "snapshot")])
(folder / "swapped").write_bytes(b"1")
cache.close()
"""


def state_folder(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def test_a_green_tap_survives_a_power_cut_at_any_write_of_the_journal(tmp_path):
    folder = state_folder(tmp_path)
    assert cut_everywhere(folder, TAPS, tmp_path) == 24


def cut_everywhere(folder, script, tmp_path):
    """Check the journal after a cut at each change of a script; return the last tap that was green."""
    changes, shown = record(folder, script), 0
    assert len(changes) > 150
    for number, found in every_cut(changes, folder, tmp_path):
        last = changes[number - 1]
        if last.path.endswith("/shown") and last.kind == "W":
            shown = last.content[0]
        (found / "shown").unlink(missing_ok=True)
        check_journal(found, shown)
    return shown


def test_with_less_than_full_synchronisation_green_taps_are_lost(tmp_path):
    """What this proof is worth: the same journal with SQLite's usual setting fails it."""
    folder = state_folder(tmp_path)
    weaker = TAPS.replace(
        'journal = SqliteJournal(folder / "journal.db")',
        'journal = SqliteJournal(folder / "journal.db"); journal._tap.execute("PRAGMA synchronous = NORMAL")',
    )
    with pytest.raises(AssertionError, match="what was green is there"):
        cut_everywhere(folder, weaker, tmp_path)


def check_journal(found, shown):
    with closing(SqliteJournal(found / "journal.db")) as journal:
        state = journal.state()
        assert state.last_seq >= shown, "what was green is there"
        journal.send_again(1)
        batch = journal.pending(1_000)
        link = bytes.fromhex(batch.previous) if batch.items else GENESIS
        for item in batch.items:
            link = chain_link(link, bytes(item.tap))
            assert item.chain == link.hex()
        seqs = [item.seq for item in batch.items]
        assert seqs == list(range(seqs[0], state.last_seq + 1)) if seqs else state.last_seq == 0
        seq = journal.append("next", b'{"clock":{"wall":1,"monotonic":1,"boot":"x"}}', None)
        assert seq == state.last_seq + 1, "and it goes on"
    assert not list(found.glob("*damaged*")), "nothing had to be salvaged"


def test_a_power_cut_at_any_write_of_a_swap_leaves_the_old_cards_or_the_new_ones(tmp_path):
    folder = state_folder(tmp_path)
    changes = record(folder, SWAP)
    begin = next(number for number, change in enumerate(changes) if change.path.endswith("/ready"))
    seen = set()
    for number, found in every_cut(changes, folder, tmp_path):
        if number <= begin:
            continue
        for path in (found / "ready", found / "swapped", found / "snapshot"):
            path.unlink(missing_ok=True)
        seen.add(check_cache(found))
    assert seen == {("1.5", 39), ("1.9", 59)}


def check_cache(found):
    with closing(SqliteCache(found / "cache.db")) as cache:
        state = cache.state()
        with cache._writing:
            rows = cache._writer.execute(
                "SELECT token, passholder, state, active_until, points FROM card"
            ).fetchall()
        total = format_checksum(add_checksums(*(row_hash(CardRow._make(row)) for row in rows)))
        assert cache.checksums() == {"1": total}
        config = cache.config()
        assert config is not None, "without a configuration the zuil could do nothing before it is online"
        assert config.systems
        return state.cursor, state.cards


@pytest.mark.slow
def test_a_green_tap_survives_a_power_cut_at_any_write_of_a_long_journal(tmp_path):
    folder = state_folder(tmp_path)
    script = TAPS.replace("range(1, 25)", "range(1, 251)").replace("number == 20", "number % 50 == 0")
    assert cut_everywhere(folder, script, tmp_path) == 250
