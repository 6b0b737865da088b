"""The change feed: nothing is skipped, whoever commits when, and both sides can prove it."""

import random
import threading
import time
from contextlib import ExitStack

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from fakes.scene import SYSTEM, add_holders, add_region
from server.cards.models import Card
from server.cardsystems.setup import create_card_system
from server.feed import publisher
from server.feed.changes import cards_changed, kiosks_changed, points_changed
from server.feed.epoch import Cursor, head, new_epoch
from server.feed.models import CardFeed, Change, FeedEpoch
from server.feed.publisher import hold_publication, publish
from server.feed.reading import checksums, read_cards
from server.feed.rows import current_rows
from server.kernel.bulk import Bulk
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.passholders.models import Membership, Passholder
from shared.wire.cards import CardRow, add_checksums, format_checksum, row_hash

WRITERS = 8


@pytest.fixture
def holders(database):
    with database.writing() as session:
        add_region(session)
        return add_holders(session, 40)


class Reader:
    """Follows one card system by cursor, as a zuil does."""

    def __init__(self, database, system=SYSTEM):
        self.database = database
        self.system = system
        with database.reading() as session:
            self.cursor = Cursor(head(session).epoch, 0)
        self.cards = {}

    def read(self):
        with self.database.reading() as session:
            page = read_cards(session, [self.system], self.cursor)
            theirs = checksums(session, [self.system])[str(self.system)]
        self.cards.update((row.token, row) for row in page.cards.get(self.system, ()))
        self.cursor = page.upto
        return page.more, theirs

    def checksum(self):
        return format_checksum(add_checksums(*map(row_hash, self.cards.values())))


def test_the_feed_holds_what_the_tables_say(database, holders):
    publish(database)
    reader = Reader(database)
    _, theirs = reader.read()
    assert len(reader.cards) == len(holders)
    assert reader.checksum() == theirs


def test_a_blocked_card_and_a_new_balance_come_with_the_next_read(database, holders):
    publish(database)
    reader = Reader(database)
    reader.read()
    with database.writing() as session:
        session.get_one(Card, holders[0].uitpas_number).state = "BLOCKED"
        cards_changed(session, [holders[0].uitpas_number])
    publish(database)
    before = dict(reader.cards)
    _, theirs = reader.read()
    (changed,) = [row for token, row in reader.cards.items() if before[token] != row]
    assert changed.state == 5
    assert reader.checksum() == theirs


def test_a_chip_that_goes_to_another_number_leaves_no_trace_of_the_old_holder(database, holders):
    publish(database)
    old, new = holders[0], holders[1]
    with database.writing() as session:
        session.get_one(Card, old.uitpas_number).chip_number = None
        session.flush()
        session.get_one(Card, new.uitpas_number).chip_number = old.chip_number
        cards_changed(session, [new.uitpas_number, old.uitpas_number])
    publish(database)
    reader = Reader(database)
    _, theirs = reader.read()
    assert reader.checksum() == theirs
    with database.reading() as session:
        rows = session.exec(select(CardFeed)).all()
        due = {(row.system, row.token): row for row in current_rows(session, [new.uitpas_number])}
    held = {(row.card_system_id, row.token): row for row in rows}
    assert all(held[key].passholder_ref == row.passholder for key, row in due.items())
    deleted = [row for row in rows if row.state == 6]
    assert [row.passholder_ref for row in deleted] == [0]


def test_a_pashouder_who_joins_a_card_system_comes_into_its_feed(database, holders):
    with database.writing() as session:
        create_card_system(session, 3, "Paspartoe")
        session.add(Membership(passholder_ref=holders[0].ref, card_system_id=3))
        cards_changed(session, [holders[0].uitpas_number])
    publish(database)
    reader = Reader(database, 3)
    _, theirs = reader.read()
    (row,) = reader.cards.values()
    assert isinstance(row, CardRow)
    assert row.passholder == holders[0].ref
    assert reader.checksum() == theirs


def test_a_cursor_of_another_epoch_or_beyond_the_head_asks_for_a_snapshot(database, holders):
    publish(database)
    reader = Reader(database)
    reader.read()
    with database.reading() as session:
        beyond = Cursor(reader.cursor.epoch, reader.cursor.position + 1)
        assert read_cards(session, [SYSTEM], beyond) is None
    with database.writing() as session:
        new_epoch(session)
    with database.reading() as session:
        assert read_cards(session, [SYSTEM], reader.cursor) is None


def test_publishing_from_many_threads_at_once_numbers_every_change_once(database, holders):
    with database.writing() as session:
        for number in range(50):
            kiosks_changed(session, [number])
    threads = [threading.Thread(target=publish, args=(database,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        positions = [change.position for change in session.exec(select(Change))]
    assert None not in positions
    assert len(set(positions)) == len(positions)


def test_eight_writers_that_commit_out_of_order_skip_nothing(postgresql_url):
    """Slow and fast transactions overlap while a zuil follows; in the end both sides hold the same."""
    database = Database(postgresql_url, Vault(bytes(range(32))))
    with database.writing() as session:
        add_region(session)
        holders = add_holders(session, 80)
    publish(database)
    reader = Reader(database)
    done = threading.Event()
    failures = []

    def write(seed):
        draw = random.Random(seed)
        mine = holders[seed::WRITERS]
        try:
            for _ in range(12):
                with database.writing() as session:
                    for one in draw.sample(mine, 3):
                        session.execute(
                            update(Passholder)
                            .where(col(Passholder.ref) == one.ref)
                            .values(points=Passholder.points + draw.randint(1, 9))
                        )
                        cards_changed(session, [one.uitpas_number])
                        session.flush()
                    # The change is noted now and committed later, sometimes much later than its neighbours.
                    done.wait(draw.choice((0, 0.001, 0.02, 0.1)))
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    def follow():
        while not done.is_set():
            publish(database)
            reader.read()

    follower = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(WRITERS)]
    follower.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    done.set()
    follower.join()
    assert failures == []
    publish(database)
    more, theirs = reader.read()
    with database.reading() as session:
        points = {row.ref: row.points for row in session.exec(select(Passholder))}
    assert not more
    assert reader.checksum() == theirs
    assert {row.passholder: row.points for row in reader.cards.values()} == points
    database.dispose()


def test_a_change_that_is_not_committed_yet_holds_nobody_up(postgresql_url):
    database = Database(postgresql_url, Vault(bytes(range(32))))
    with database.writing() as session:
        add_region(session)
        holders = add_holders(session, 2)
    publish(database)
    reader = Reader(database)
    reader.read()
    with ExitStack() as open_transactions:
        slow = open_transactions.enter_context(database.writing())
        slow.get_one(Card, holders[0].uitpas_number).state = "BLOCKED"
        cards_changed(slow, [holders[0].uitpas_number])
        slow.flush()
        with database.writing() as fast:
            fast.get_one(Card, holders[1].uitpas_number).state = "BLOCKED"
            cards_changed(fast, [holders[1].uitpas_number])
        begin = time.monotonic()
        publish(database)
        reader.read()
        assert time.monotonic() - begin < 5
        assert sorted(row.state for row in reader.cards.values()) == [4, 5]
    publish(database)
    reader.read()
    assert sorted(row.state for row in reader.cards.values()) == [5, 5]
    database.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_process_leaves_publishing_to_the_one_that_is_at_it(database, holders):
    with database.writing() as session:
        hold_publication(Bulk(session), database)
        assert publish(database, yielding=True) is None
    touched = publish(database, yielding=True)
    assert touched is not None
    assert publish(database) is None


def test_what_does_not_go_at_once_goes_in_parts(database, holders, monkeypatch):
    monkeypatch.setattr(publisher, "MOST_CHANGES", 2)
    with database.writing() as session:
        for holder in holders:
            cards_changed(session, [holder.uitpas_number])
    publish(database)
    reader = Reader(database)
    _, theirs = reader.read()
    assert len(reader.cards) == len(holders)
    assert reader.checksum() == theirs


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_committed_during_a_publication_waits_for_the_next(database, holders, monkeypatch):
    """SQLite has one writer, and that is the publisher."""
    publish(database)
    first, second, *_ = [holder.uitpas_number for holder in holders]
    read, came = publisher._read, iter([[second]] * 3)

    def read_and_change(bulk):
        pending = read(bulk)
        with database.writing() as session:
            cards_changed(session, next(came))
        return pending

    monkeypatch.setattr(publisher, "_read", read_and_change)
    with database.writing() as session:
        cards_changed(session, [first])
    publish(database)
    with database.reading() as session:
        waiting = session.exec(select(Change.keys).where(col(Change.position).is_(None))).all()
    assert waiting == [[second]]


def saved(database, holders):
    """Note that these pashouders saved a point."""
    with database.writing() as session:
        points_changed(session, [one.ref for one in holders])


def waiting(database):
    with database.reading() as session:
        return list(
            session.exec(select(Change.kind).where(col(Change.position).is_(None)).order_by(Change.id))
        )


@pytest.fixture
def flood(database):
    """As many check-ins as make a flood, published just now."""
    with database.writing() as session:
        add_region(session)
        holders = add_holders(session, publisher.FLOOD)
    publish(database)
    saved(database, holders)
    publish(database)
    return holders


def test_after_a_flood_balances_rest_and_what_people_wait_for_does_not(database, flood):
    saved(database, flood[:1])
    with database.writing() as session:
        kiosks_changed(session, [1])
    assert publish(database).kiosks == {1}
    assert waiting(database) == ["checkins"]


def test_the_balances_of_a_flood_are_published_when_they_have_rested(database, flood):
    saved(database, flood[:1])
    deadline = time.monotonic() + publisher.MOST_REST_MILLIS / 1000 + 1
    while publish(database) is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert waiting(database) == []


def test_a_clock_that_was_set_back_does_not_make_balances_rest_for_hours(database, flood):
    with database.writing() as session:
        session.execute(update(FeedEpoch).values(rest_until=(time.time_ns() // 1_000_000) + 3_600_000))
    saved(database, flood[:1])
    publish(database)
    assert waiting(database) == []


def test_a_few_check_ins_do_not_wait_for_each_other(database, holders):
    publish(database)
    for one in holders[:3]:
        saved(database, [one])
        publish(database)
        assert waiting(database) == []
