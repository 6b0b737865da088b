"""Another token key: no card is unknown at any zuil while it happens, and nobody waits."""

import threading

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from fakes.scene import EVENT, SYSTEM, add_holders, add_kiosk, add_region
from fakes.station import Station
from server.app import create_app
from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.cardsystems.rotation import begin_rotation, rotation_of
from server.checkins.models import Checkin
from server.feed import rekeying
from server.feed.changes import cards_changed
from server.feed.models import CardFeed
from server.feed.publisher import publish
from server.feed.rekeying import prepare_cards, take_next_key
from server.jobs.rotation import rotate
from server.kernel.audit import AuditEntry
from server.kernel.errors import ProblemError
from server.settings import Settings
from shared.wire.cards import card_token

CARDS = 30


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(database_url=database_url, secret_key=bytes(range(32)), data_dir=tmp_path)


@pytest.fixture
def holders(database, monkeypatch):
    monkeypatch.setattr(rekeying, "CHUNK", 7)
    with database.writing() as session:
        add_region(session)
        return add_holders(session, CARDS)


@pytest.fixture
def station(database, holders, settings):
    with TestClient(create_app(settings), base_url="http://zuil.test") as client:
        with database.writing() as session:
            _, code = add_kiosk(session, 1)
        station = Station(client, code)
        station.follow()
        yield station


def begin(database):
    with database.writing() as session:
        begin_rotation(session, session.get_one(CardSystem, SYSTEM))


def known(station, holders):
    """Tell whether the zuil finds every card with the key and the cards that it has."""
    key = station.config.systems[0].token_key
    return all(card_token(key, one.chip_number) in station.cards[str(SYSTEM)] for one in holders)


def test_while_the_next_key_is_prepared_zuilen_see_nothing_of_it(database, station, holders):
    before = station.follow().checksums
    begin(database)
    prepare_cards(database, SYSTEM)
    after = station.follow()
    assert (after.checksums, after.config, len(station.cards[str(SYSTEM)])) == (before, None, CARDS)
    with database.reading() as session:
        assert rotation_of(session, session.get_one(CardSystem, SYSTEM)) == (CARDS, CARDS)
        assert len(session.exec(select(CardFeed)).all()) == 2 * CARDS


def test_the_new_key_comes_together_with_the_word_that_a_snapshot_is_needed(
    database, settings, station, holders
):
    old_key = station.config.systems[0].token_key
    begin(database)
    rotate(database, settings)
    answer = station.changes()
    assert answer.snapshot_needed
    assert answer.config.systems[0].token_key != old_key
    station.follow()
    assert known(station, holders)
    assert station.checksums() == station.changes().checksums
    assert len(station.cards[str(SYSTEM)]) == CARDS


def test_cards_that_change_before_during_and_after_the_change_are_right_under_every_key(
    database, settings, station, holders
):
    def block(one):
        with database.writing() as session:
            session.get_one(Card, one.uitpas_number).state = "BLOCKED"
            cards_changed(session, [one.uitpas_number])
        publish(database)

    block(holders[0])
    begin(database)
    block(holders[1])
    with database.writing() as session:
        late = add_holders(session, 1, first=100)
    prepare_cards(database, SYSTEM)
    block(holders[2])
    rotate(database, settings)
    block(holders[3])
    station.follow()
    assert known(station, [*holders, *late])
    states = {row.passholder: row.state for row in station.cards[str(SYSTEM)].values()}
    assert [ref for ref, state in sorted(states.items()) if state == 5] == [1, 2, 3, 4]
    with database.reading() as session:
        former = session.exec(select(CardFeed).where(CardFeed.key_number == 1)).all()
    assert sorted(row.passholder_ref for row in former if row.state == 5) == [1, 2, 3, 4]


def test_a_tap_from_before_the_change_counts_when_it_comes_in_months_later(
    database, settings, station, holders
):
    upload = station.journal(station.tap(holders[0].chip_number, EVENT))
    for _ in range(2):
        begin(database)
        rotate(database, settings)
    assert [one.verdict for one in station.upload(upload).verdicts] == ["granted"]
    with database.reading() as session:
        assert session.exec(select(Checkin.passholder_ref)).one() == 1


def test_the_first_tap_under_the_new_key_counts_before_the_zuil_has_its_snapshot(
    database, settings, station, holders
):
    begin(database)
    rotate(database, settings)
    station.config = station.changes().config
    upload = station.journal(station.tap(holders[0].chip_number, EVENT))
    assert [one.verdict for one in station.upload(upload).verdicts] == ["granted"]


def test_a_key_is_not_used_while_a_card_has_no_row_under_it(database, holders):
    publish(database)
    begin(database)
    with database.writing() as session:
        assert not take_next_key(session, session.get_one(CardSystem, SYSTEM))
    prepare_cards(database, SYSTEM)
    with database.writing() as session:
        assert take_next_key(session, session.get_one(CardSystem, SYSTEM))
    with database.writing() as session:
        assert not take_next_key(session, session.get_one(CardSystem, SYSTEM)), "it is done"


def test_a_second_key_waits_for_the_first(database, holders):
    begin(database)
    with pytest.raises(ProblemError) as refused:
        begin(database)
    assert refused.value.status == 409


def test_counters_go_on_while_two_servers_rotate_the_same_key(database, settings, station, holders):
    publish(database)
    begin(database)
    failures = []

    def work():
        try:
            rotate(database, settings)
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for round_ in range(5):
        with database.writing() as session:
            session.get_one(Card, holders[round_].uitpas_number).state = "BLOCKED"
            cards_changed(session, [holders[round_].uitpas_number])
        publish(database)
    for thread in threads:
        thread.join()
    assert failures == []
    station.follow()
    assert known(station, holders)
    assert station.checksums() == station.changes().checksums
    with database.reading() as session:
        assert session.get_one(CardSystem, SYSTEM).key_number == 2
        deeds = session.exec(select(AuditEntry.action).where(AuditEntry.subject_kind == "card_system")).all()
    assert deeds.count("use-token-key") == 1
