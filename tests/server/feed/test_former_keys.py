"""A former token key stays as long as a zuil may hand in taps under it, and then goes with all its rows."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.scene import SYSTEM, add_holders, add_kiosk, add_region
from server.cards.models import Card
from server.cardsystems.models import CardSystem, CardSystemKey
from server.cardsystems.rotation import begin_rotation
from server.feed import rekeying
from server.feed.changes import cards_changed
from server.feed.models import CardFeed, FeedHead
from server.feed.publisher import publish
from server.feed.snapshots import SnapshotStore
from server.jobs.rotation import forget_former, rotate
from server.kernel.audit import AuditEntry
from server.kernel.database import vault_of
from server.kiosks.former_keys import KEEP, PATIENCE, forgettable_keys
from server.kiosks.models import Kiosk, KioskLive
from shared.domain.zones import to_millis
from shared.wire.cards import key_mark

CARDS = 30
RETIRED = datetime(2026, 3, 1, tzinfo=UTC)
LEASE = timedelta(days=30)
LAST_USE = RETIRED + LEASE
OVER = LAST_USE + KEEP + timedelta(hours=1)


@pytest.fixture
def rotated(database, monkeypatch):
    """A card system whose first key went out of use, with a zuil that spoke long after."""
    monkeypatch.setattr(rekeying, "CHUNK", 1)
    with database.writing() as session:
        counter = add_region(session)
        add_holders(session, CARDS)
        number, _ = add_kiosk(session, counter)
        session.add(KioskLive(kiosk=number, last_contact=OVER, lease_days=30))
        begin_rotation(session, session.get_one(CardSystem, SYSTEM))
    publish(database)
    rotate(database, None)
    with database.writing() as session:
        session.exec(select(CardSystemKey)).one().retired_at = RETIRED
    return database


def change(database, model, **fields):
    with database.writing() as session:
        row = session.exec(select(model)).one()
        for name, value in fields.items():
            setattr(row, name, value)


def forgettable(database, now=OVER):
    with database.reading() as session:
        return forgettable_keys(session, now)


def test_a_key_is_forgotten_after_the_longest_lease_and_the_weeks_of_keeping(rotated):
    assert forgettable(rotated) == [(SYSTEM, 1)]
    assert forgettable(rotated, LAST_USE + KEEP) == []


@pytest.mark.parametrize("model", [Kiosk, KioskLive], ids=["decided", "that it may still go by"])
def test_the_longest_lease_counts(rotated, model):
    change(rotated, model, lease_days=60)
    assert forgettable(rotated) == []
    change(rotated, KioskLive, last_contact=OVER + LEASE)
    assert forgettable(rotated, OVER + LEASE) == [(SYSTEM, 1)]


def test_a_zuil_that_stays_silent_is_waited_for_a_year_at_most(rotated):
    change(rotated, KioskLive, last_contact=LAST_USE)
    assert forgettable(rotated) == []
    assert forgettable(rotated, LAST_USE + PATIENCE) == []
    assert forgettable(rotated, LAST_USE + PATIENCE + timedelta(hours=1)) == [(SYSTEM, 1)]


def test_a_zuil_with_taps_of_then_is_waited_for(rotated):
    change(rotated, KioskLive, queue=3, oldest=to_millis(LAST_USE))
    assert forgettable(rotated) == []
    change(rotated, KioskLive, oldest=to_millis(LAST_USE) + 1)
    assert forgettable(rotated) == [(SYSTEM, 1)]


@pytest.mark.parametrize("fields", [{"state": "removed"}, {"wiped_at": OVER}])
def test_a_zuil_that_is_gone_for_good_is_not_waited_for(rotated, fields):
    change(rotated, KioskLive, last_contact=RETIRED - timedelta(days=3))
    assert forgettable(rotated) == []
    change(rotated, Kiosk, **fields)
    assert forgettable(rotated) == [(SYSTEM, 1)]


def test_the_key_in_use_and_the_next_one_are_never_forgotten(rotated):
    with rotated.writing() as session:
        begin_rotation(session, session.get_one(CardSystem, SYSTEM))
    assert forgettable(rotated) == [(SYSTEM, 1)]


def test_forgetting_leaves_nothing_of_the_key_and_everything_of_the_others(rotated, tmp_path):
    with rotated.writing() as session:
        card = session.exec(select(Card)).first()
        card.state = "BLOCKED"
        cards_changed(session, [card.uitpas_number])
    change(rotated, KioskLive, last_contact=datetime.now(UTC))
    forget_former(rotated, None)
    forget_former(rotated, None)
    publish(rotated)
    with rotated.reading() as session:
        rows = session.exec(select(CardFeed)).all()
        assert [row.key_number for row in rows] == [2] * CARDS
        assert session.exec(select(FeedHead.key_number)).all() == [2]
        assert session.exec(select(CardSystemKey)).all() == []
        assert len(session.exec(select(AuditEntry).where(AuditEntry.action == "forget-token-key")).all()) == 1
    snapshot = SnapshotStore(tmp_path).current(rotated, SYSTEM)
    assert snapshot.cards == CARDS, "the checksum of the feed still adds up"


def test_a_snapshot_says_under_which_key_its_cards_are(rotated, tmp_path):
    store = SnapshotStore(tmp_path)
    with rotated.reading() as session:
        key = vault_of(session).open(session.get_one(CardSystem, SYSTEM).token_key)
    assert store.current(rotated, SYSTEM).key == key_mark(key)
    with rotated.writing() as session:
        begin_rotation(session, session.get_one(CardSystem, SYSTEM))
    rotate(rotated, None)
    assert store.current(rotated, SYSTEM).key not in ("", key_mark(key))
