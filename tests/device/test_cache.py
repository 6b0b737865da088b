"""The cache: a copy that can be thrown away, replaced while people tap, and proved equal."""

from __future__ import annotations

import random
import sqlite3
import threading

import pytest

from device.adapters.cache import SqliteCache
from device.adapters.sqlite import NewerSchemaError
from device.core.tap import TapDesk, prepare
from device.ports import CacheError
from fakes.zuil import (
    BLOCKED_CHIP,
    CONCERT,
    KEY,
    KNOWN_CHIP,
    SYSTEM,
    FakeClock,
    UnreachableLink,
    cards,
    concert,
    config,
    row,
    usual_changes,
)
from shared.domain.outcomes import Outcome
from shared.wire.cards import card_token, encode_block, format_checksum, row_hash, write_snapshot
from shared.wire.messages import Changes, CheckinMessage, SnapshotInfo, SystemMessage


def snapshot(folder, rows, *, system=SYSTEM, cursor="1.9"):
    path = folder / f"{system}.cards"
    with path.open("wb") as target:
        count, checksum = write_snapshot(target, system, sorted(rows))
    info = SnapshotInfo(
        system=system,
        cursor=cursor,
        cards=count,
        size=path.stat().st_size,
        sha256="",
        signature=b"",
        checksum=format_checksum(checksum),
        url="",
    )
    return info, path


def many(count, points=0):
    return [row(f"04{number:012X}", number + 10, points=points) for number in range(count)]


def total(rows):
    return format_checksum(sum(map(row_hash, rows)) % 2**64)


def test_a_card_is_found_by_its_token(cache):
    assert cache.card(card_token(KEY, KNOWN_CHIP)).points == 12
    assert cache.card(12345) is None


def test_the_file_holds_no_chip_number(cache, tmp_path):
    cache.tidy()
    written = (tmp_path / "cache.db").read_bytes() + (tmp_path / "cache.db-wal").read_bytes()
    assert KNOWN_CHIP.encode() not in written
    assert bytes.fromhex(KNOWN_CHIP) not in written


def test_the_checksum_follows_every_change(empty_cache):
    rows = {number: row(f"04{number:012X}", number + 1) for number in range(500)}
    random.seed(4)
    empty_cache.apply(Changes(cursor="1.1", cards={str(SYSTEM): encode_block(rows.values())}))
    for step in range(5):
        changed = random.sample(sorted(rows), 50)
        rows |= {number: row(f"04{number:012X}", number + 1, points=step + 1) for number in changed}
        block = encode_block([rows[number] for number in changed])
        empty_cache.apply(Changes(cursor=f"1.{step + 2}", cards={str(SYSTEM): block}))
    assert empty_cache.checksums() == {str(SYSTEM): total(rows.values())}
    assert empty_cache.state().cards == 500


def test_the_same_delta_twice_changes_nothing(cache):
    before = cache.checksums(), cache.state()
    cache.apply(usual_changes())
    assert (cache.checksums(), cache.state()) == before


def test_a_configuration_brings_all_check_ins_of_the_running_periods(cache):
    cache.apply(Changes(cursor="1.6", checkins=[CheckinMessage(id="a", passholder=1, event=CONCERT, at=5)]))
    newer = CheckinMessage(id="b", passholder=1, event=CONCERT, at=6)
    cache.apply(Changes(cursor="1.7", config=config(concert(), version="2"), checkins=[newer]))
    assert cache.checkins(1, CONCERT) == [("b", 6)]


def test_cards_of_a_card_system_that_is_no_longer_ours_are_forgotten(cache):
    other = SystemMessage(id=2, name="UiTPAS Gent", token_key=KEY)
    cache.apply(
        Changes(
            cursor="1.6",
            config=config(version="2").__class__(version="2", kiosk=7, name="Bib Aalst", systems=[other]),
        )
    )
    assert cache.card(card_token(KEY, KNOWN_CHIP)) is None
    assert cache.checksums() == {}


def test_a_snapshot_takes_the_place_of_the_cards_and_keeps_the_rest(cache, tmp_path):
    cache.remember("heard", "77")
    cache.apply(Changes(cursor="1.6", checkins=[CheckinMessage(id="a", passholder=1, event=CONCERT, at=5)]))
    rows = many(1000)
    cache.replace([snapshot(tmp_path, rows)])
    assert cache.card(card_token(KEY, KNOWN_CHIP)) is None
    assert cache.checksums() == {str(SYSTEM): total(rows)}
    assert cache.checkins(1, CONCERT) == [("a", 5)]
    assert cache.config().name == "Bib Aalst"
    assert cache.recall("heard") == "77"
    state = cache.state()
    assert (state.cards, state.cursor, state.config) == (1000, "1.9", "")


def test_snapshots_of_several_systems_go_on_from_the_oldest(cache, tmp_path):
    first = snapshot(tmp_path, many(10), system=1, cursor="1.12")
    second = snapshot(tmp_path, [row(BLOCKED_CHIP)], system=2, cursor="1.9")
    cache.replace([first, second])
    assert cache.state().cursor == "1.9"
    assert set(cache.checksums()) == {"1", "2"}


def test_a_snapshot_that_does_not_add_up_leaves_the_old_cache(cache, tmp_path):
    info, path = snapshot(tmp_path, many(10))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CacheError):
        cache.replace([(info, path)])
    assert cache.card(card_token(KEY, KNOWN_CHIP)) is not None


def test_a_damaged_cache_is_thrown_away_at_the_start(tmp_path):
    path = tmp_path / "cache.db"
    cache = SqliteCache(path)
    cache.apply(usual_changes())
    cache.close()
    path.write_bytes(b"\xa5" * 20_000)
    cache = SqliteCache(path)
    assert cache.state().cursor == ""
    cache.close()


@pytest.mark.parametrize("rubbish", [b"Bib \xa5\xa5\xa5\xa5\xa5", b'Bib "alst', b"Bib Halst"])
def test_letters_that_are_not_those_that_were_written_are_damage_though_sqlite_finds_the_file_whole(
    tmp_path, rubbish
):
    path = tmp_path / "cache.db"
    cache = SqliteCache(path)
    cache.apply(usual_changes())
    cache.close()
    content = path.read_bytes()
    assert b"Bib Aalst" in content
    path.write_bytes(content.replace(b"Bib Aalst", rubbish))
    cache = SqliteCache(path)
    assert (cache.config(), cache.state().cursor) == (None, "")
    cache.close()


def test_a_cache_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "cache.db"
    SqliteCache(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(NewerSchemaError, match="newer version"):
        SqliteCache(path)


def test_a_broken_block_is_the_servers_fault_and_no_damage(cache):
    with pytest.raises(CacheError) as told:
        cache.apply(Changes(cursor="1.6", cards={str(SYSTEM): b"no block"}))
    assert not told.value.damaged
    assert cache.state().cursor == "1.5"


def test_people_tap_on_while_a_snapshot_is_swapped_in(cache, journal, tmp_path):
    rows = [*many(50_000), row(KNOWN_CHIP, 1, points=12)]
    prepared = snapshot(tmp_path, rows)
    setup = prepare(config(concert(limit=None)))
    desk = TapDesk(cache, journal, UnreachableLink(), FakeClock())
    done = threading.Event()

    def swap():
        for _ in range(3):
            cache.replace([prepared])
        done.set()

    worker = threading.Thread(target=swap)
    worker.start()
    outcomes = []
    while not done.is_set():
        outcomes.append(desk.take(KNOWN_CHIP, setup).outcome)
    worker.join()
    assert set(outcomes) == {Outcome.OK}
    assert journal.state().last_seq == len(outcomes)


def test_cards_of_a_delta_in_several_systems_are_counted_apart(empty_cache):
    both = {**cards(row(KNOWN_CHIP)), "2": encode_block([row(BLOCKED_CHIP)])}
    empty_cache.apply(Changes(cursor="1.1", cards=both))
    assert empty_cache.checksums() == {"1": total([row(KNOWN_CHIP)]), "2": total([row(BLOCKED_CHIP)])}


def test_damage_found_by_a_tap_is_told_to_the_sync(cache, tmp_path):
    rows = many(20_000)
    cache.replace([snapshot(tmp_path, rows)])
    cache.tidy()
    with (tmp_path / "cache.db").open("r+b") as file:
        file.seek(5 * 4096)
        file.write(b"\xa5" * 4096 * 100)
    cache._reader.execute("PRAGMA shrink_memory")
    failed = 0
    for each in rows:
        try:
            cache.card(each.token)
        except CacheError:
            failed += 1
    assert failed
    with pytest.raises(CacheError) as told:
        cache.state()
    assert told.value.damaged
    cache.start_over()
    assert cache.state().cards == 0
