"""The journal: what was acknowledged to a person is on the disk, in order, and chained."""

from __future__ import annotations

import sqlite3
import threading

import msgspec
import pytest

from device.adapters.journal import SqliteJournal
from device.adapters.sqlite import NewerSchemaError
from device.ports import Granted, JournalError
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import Clock, Tap, VerdictMessage

DAY = 86_400_000


def tap(number, wall=1_000):
    clock = Clock(wall=wall, monotonic=1, boot="b")
    return msgspec.json.encode(Tap(id=f"tap-{number}", clock=clock, outcome="ok"))


def fill(journal, count, wall=1_000):
    for number in range(1, count + 1):
        journal.append(f"tap-{number}", tap(number, wall), Granted(number, "e", 1_000, 1))


def seqs(journal, limit=1000):
    return [item.seq for item in journal.pending(limit).items]


def granted(*numbers):
    return [VerdictMessage(seq=seq, verdict="granted") for seq in numbers]


def reopened(journal, path):
    journal.close()
    return SqliteJournal(path)


def test_rows_are_numbered_and_chained_across_restarts(tmp_path):
    journal = SqliteJournal(tmp_path / "j.db")
    fill(journal, 2)
    journal = reopened(journal, tmp_path / "j.db")
    assert journal.append("tap-3", tap(3), None) == 3
    previous = GENESIS
    for item in journal.pending(10).items:
        previous = chain_link(previous, bytes(item.tap))
        assert item.chain == previous.hex()
    journal.close()


def test_the_journal_waits_for_the_disk(journal):
    assert journal._tap.execute("PRAGMA synchronous").fetchone() == (2,)
    assert journal._tap.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_acknowledged_rows_are_not_sent_again_until_the_server_asks(journal):
    fill(journal, 5)
    journal.acknowledge(granted(1, 2, 3), 3)
    assert seqs(journal) == [4, 5]
    journal.send_again(2)
    batch = journal.pending(10)
    assert [item.seq for item in batch.items] == [2, 3, 4, 5]
    assert batch.previous == chain_link(GENESIS, tap(1)).hex()


def test_a_refused_row_is_parked_and_outlives_pruning(journal):
    fill(journal, 3)
    refused = VerdictMessage(seq=2, verdict="refused", detail="unreadable")
    journal.acknowledge([*granted(1), refused, *granted(3)], 3)
    journal.prune(today=9, keep=0)
    assert journal.state().parked == 1
    left = journal._sync.execute("SELECT seq FROM tap ORDER BY seq").fetchall()
    assert left == [(2,), (3,)]


def test_pruning_keeps_what_is_not_acknowledged_and_the_end_of_the_chain(tmp_path):
    journal = SqliteJournal(tmp_path / "j.db")
    fill(journal, 4)
    journal.acknowledge(granted(1, 2), 2)
    assert journal.prune(today=9, keep=0) == 1
    journal.acknowledge(granted(3, 4), 4)
    journal.prune(today=9, keep=0)
    journal = reopened(journal, tmp_path / "j.db")
    assert journal.append("tap-5", tap(5), None) == 5
    batch = journal.pending(10)
    chain = GENESIS
    for number in range(1, 5):
        chain = chain_link(chain, tap(number))
    assert batch.previous == chain.hex()
    journal.close()


def test_rows_are_kept_from_their_acknowledgement_on_for_a_server_that_loses_them(journal):
    """However long ago they were tapped: a zuil may have been without a network for months."""
    fill(journal, 3, wall=DAY)
    assert journal.prune(today=400, keep=35) == 0
    journal.acknowledge(granted(1, 2), 2)
    for today in range(401, 436):
        assert journal.prune(today=today, keep=35) == 0
    journal.acknowledge(granted(3), 3)
    assert journal.prune(today=436, keep=35) == 2
    assert journal.prune(today=470, keep=35) == 0


def test_what_the_server_asks_again_is_young_again(journal):
    fill(journal, 3)
    journal.acknowledge(granted(1, 2, 3), 3)
    journal.prune(today=1, keep=35)
    journal.send_again(1)
    journal.acknowledge(granted(1, 2, 3), 3)
    assert journal.prune(today=36, keep=35) == 0
    assert journal.prune(today=71, keep=35) == 2


def test_a_day_for_each_of_those_it_keeps_is_all_it_remembers(journal):
    for today in range(1, 400):
        journal.prune(today=today, keep=35)
    (days,) = journal._sync.execute("SELECT count(*) FROM mark WHERE name LIKE 'through.%'").fetchone()
    assert days == 36


def test_the_chain_holds_across_pruned_rows_when_old_ones_are_asked_again(journal):
    fill(journal, 5)
    journal.acknowledge(granted(1, 2, 3, 4, 5), 5)
    journal.prune(today=9, keep=0)
    journal.send_again(1)
    batch = journal.pending(10)
    chain = GENESIS
    for number in range(1, 5):
        chain = chain_link(chain, tap(number))
    assert (seqs(journal), batch.previous) == ([5], chain.hex())


def test_an_acknowledgement_beyond_the_end_is_not_believed(journal):
    fill(journal, 1)
    journal.acknowledge(granted(1), 900)
    journal.append("tap-2", tap(2), None)
    assert seqs(journal) == [2]


def test_the_state_tells_the_queue_and_its_oldest_tap(journal):
    fill(journal, 3)
    journal.acknowledge(granted(1), 1)
    state = journal.state()
    assert (state.last_seq, state.through, state.queue, state.oldest) == (3, 1, 2, 1_000)


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "j.db"
    SqliteJournal(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(NewerSchemaError, match="newer version of zuil"):
        SqliteJournal(path)
    assert path.read_bytes() == before


def test_a_torn_end_of_the_log_loses_only_what_was_never_acknowledged(tmp_path):
    path = tmp_path / "j.db"
    journal = SqliteJournal(path)
    fill(journal, 20)
    log = (tmp_path / "j.db-wal").read_bytes()
    copy = tmp_path / "copy.db"
    copy.write_bytes(path.read_bytes())
    (tmp_path / "copy.db-wal").write_bytes(log[:-1500] + bytes(700))
    journal.close()
    torn = SqliteJournal(copy)
    found = seqs(torn)
    assert found == list(range(1, len(found) + 1))
    assert len(found) >= 18
    assert torn.append("tap-next", tap(99), None) == len(found) + 1
    torn.close()


def test_a_damaged_file_is_kept_aside_and_its_readable_rows_saved(tmp_path):
    path = tmp_path / "j.db"
    journal = SqliteJournal(path)
    fill(journal, 400)
    journal.acknowledge(granted(*range(1, 11)), 10)
    journal.tidy()
    journal.close()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    saved = SqliteJournal(path)
    found = seqs(saved)
    assert len(list(tmp_path.glob("j-damaged-*.db"))) == 1
    assert found[0] == 11
    assert found[-1] == 400
    assert len(found) > 300
    assert saved.append("after", tap(1), None) == 400 + 1001
    saved.close()


def test_a_file_that_is_no_database_is_kept_aside(tmp_path):
    path = tmp_path / "j.db"
    path.write_bytes(b"this is not a database" * 500)
    journal = SqliteJournal(path)
    assert journal.append("first", tap(1), None) == 1001
    assert len(list(tmp_path.glob("j-damaged-*.db"))) == 1
    journal.close()


def test_a_full_disk_refuses_and_recovers(tmp_path):
    journal = SqliteJournal(tmp_path / "j.db")
    fill(journal, 3)
    (pages,) = journal._tap.execute("PRAGMA page_count").fetchone()
    journal._tap.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError, match="could not be written"):
        fill(journal, 2000)
    with pytest.raises(JournalError):
        journal.append("again", tap(0), None)
    full = journal.state().last_seq
    journal._tap.execute("PRAGMA max_page_count = 100000")
    assert journal.append("later", tap(0), None) == full + 1
    assert seqs(journal, 5000) == list(range(1, full + 2))
    journal.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    with pytest.raises(JournalError, match="cannot be used"):
        SqliteJournal(tmp_path / "nowhere" / "j.db")


def test_taps_and_acknowledgements_at_the_same_time_leave_one_whole_chain(journal):
    def acknowledge():
        for _ in range(200):
            batch = journal.pending(20)
            if batch.items:
                journal.acknowledge(granted(*(item.seq for item in batch.items)), batch.items[-1].seq)
            journal.tidy()

    worker = threading.Thread(target=acknowledge)
    worker.start()
    fill(journal, 300)
    worker.join()
    journal.send_again(1)
    previous = GENESIS
    items = journal.pending(1000).items
    assert [item.seq for item in items] == list(range(1, 301))
    for item in items:
        previous = chain_link(previous, bytes(item.tap))
        assert item.chain == previous.hex()
