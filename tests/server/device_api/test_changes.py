"""What a zuil hears: its configuration, cards, and the check-ins of others."""

import hashlib
import io

import msgspec
import pytest
from nacl.signing import VerifyKey

from fakes.scene import EVENT, add_event, add_holders, add_kiosk, chip_of
from fakes.station import RefusalError, Station
from server.events.models import Event
from server.feed.changes import cards_changed, kiosks_changed
from server.feed.epoch import new_epoch
from server.kiosks.models import Kiosk
from shared.wire.cards import CardRow, read_snapshot
from shared.wire.messages import SnapshotInfo


def test_a_new_zuil_gets_its_configuration_and_a_snapshot_that_adds_up(station):
    assert station.config.name == "Inkom"
    assert [event.id for event in station.config.events] == [EVENT]
    assert station.config.code_url == "HTTP://ZUIL.TEST/C/"
    answer = station.changes()
    assert answer.config is None
    assert answer.checksums == station.checksums()
    assert len(station.cards["5"]) == 10


def test_new_cards_come_by_cursor_and_the_checksums_stay_equal(database, station):
    with database.writing() as session:
        add_holders(session, 5, first=11)
    answer = station.follow()
    assert len(station.cards["5"]) == 15
    assert answer.checksums == station.checksums()


def test_the_check_in_of_one_zuil_comes_to_another_of_the_same_event(new_station):
    first, second = new_station(), new_station()
    upload = first.journal(first.tap(chip_of(1), EVENT))
    first.upload(upload)
    second.follow()
    (heard,) = second.checkins.values()
    assert (heard.passholder, heard.event) == (1, EVENT)
    third = new_station()
    assert set(third.checkins) == set(second.checkins)
    assert second.cards["5"][first_token(first, 1)].points == 1


def first_token(station, ref):
    return next(token for token, row in station.cards["5"].items() if row.passholder == ref)


def test_a_tap_without_a_point_is_nobodys_business(new_station):
    first, second = new_station(), new_station()
    first.upload(first.journal(first.tap(chip_of(99), EVENT)))
    second.follow()
    assert second.checkins == {}


def test_another_choice_of_the_counter_is_another_configuration(database, station):
    version = station.config.version
    with database.writing() as session:
        add_event(session, "tweede", number=2)
        session.flush()
        session.get_one(Kiosk, station.enrolment.kiosk).manual_event_id = "tweede"
        kiosks_changed(session, [station.enrolment.kiosk])
    station.follow()
    assert station.config.version != version
    assert station.config.manual_event == "tweede"
    assert station.heartbeat().config == station.config.version


def test_after_a_new_epoch_a_zuil_is_sent_to_a_snapshot(database, station):
    with database.writing() as session:
        new_epoch(session)
    assert station.changes().snapshot_needed
    station.follow()
    assert station.changes().checksums == station.checksums()


def test_a_snapshot_is_signed_and_its_download_goes_on_where_it_broke_off(station):
    (info,) = msgspec.json.decode(station.get("/device/v1/snapshots").content, type=list[SnapshotInfo])
    whole = station.get(info.url)
    digest = hashlib.sha256(whole.content).digest()
    assert (len(whole.content), digest.hex()) == (info.size, info.sha256)
    VerifyKey(station.enrolment.signing_key).verify(digest, info.signature)
    middle = info.size // 2
    validator = {"Range": f"bytes={middle}-", "If-Range": whole.headers["etag"]}
    rest = station.get(info.url, **validator)
    assert rest.status_code == 206
    assert rest.content == whole.content[middle:]
    rows = [row for block in read_snapshot(io.BytesIO(whole.content)) for row in block]
    assert rows == sorted(rows)
    assert all(isinstance(row, CardRow) for row in rows)


def test_a_snapshot_of_another_region_is_not_given(station):
    response = station.get("/device/v1/snapshots/3-abcd-1-00000000.cards")
    assert response.status_code == 404
    assert station.get("/device/v1/snapshots/..%2Fserver.db").status_code == 404


def test_a_lookup_knows_a_card_that_came_a_moment_ago(database, station):
    with database.writing() as session:
        add_holders(session, 1, first=50)
    answer = station.lookup(chip_of(50), EVENT)
    assert (answer.known, answer.passholder, answer.state, answer.active_until) == (True, 50, 4, 65_535)
    assert not station.lookup("04FFFFFFFFFFFF").known


def test_a_lookup_tells_which_check_ins_there_are_so_that_a_zuil_counts_none_of_its_own_twice(station):
    tap = station.tap(chip_of(1), EVENT, outcome="ok", sealed=True)
    station.upload(station.journal(tap))
    answer = station.lookup(chip_of(1), EVENT)
    assert (answer.ids, answer.points) == ([tap.id], 1)
    assert len(answer.checkins) == 1


def test_with_a_configuration_come_the_newest_check_ins_of_an_event_without_a_limit_too(database, station):
    with database.writing() as session:
        session.get_one(Event, EVENT).limit_volume = 0
    station.follow()
    tap = station.tap(chip_of(1), EVENT, outcome="ok")
    station.upload(station.journal(tap))
    station.config = None
    assert [one.id for one in station.changes().checkins] == [tap.id]


def test_an_unknown_card_is_noted_and_judged_when_it_becomes_someones(database, station):
    from server.checkins.waiting import judge_waiting
    from server.passholders.models import Passholder

    tap = station.tap(chip_of(60), EVENT, outcome="queued_unknown", sealed=True)
    (verdict,) = station.upload(station.journal(tap)).verdicts
    assert (verdict.verdict, verdict.outcome) == ("noted", "queued_unknown")
    with database.writing() as session:
        assert judge_waiting(session) == []
        add_holders(session, 1, first=60)
    with database.writing() as session:
        (judged,) = judge_waiting(session)
        assert judge_waiting(session) == []
    assert (judged.verdict, judged.total) == ("granted", 1)
    with database.reading() as session:
        assert session.get_one(Passholder, 60).points == 1


def test_an_enrolment_code_is_good_once_and_may_be_typed_carelessly(database, region, client):
    with database.writing() as session:
        _, code = add_kiosk(session, region)
    station = Station(client, f" {code.lower().replace('-', ' ')} ")
    station.follow()
    with pytest.raises(RefusalError) as refused:
        Station(client, code)
    assert (refused.value.status, refused.value.problem.type) == (404, "zuil:code-refused")


def test_guessing_codes_ends_soon(client):
    statuses = []
    for guess in range(25):
        try:
            Station(client, f"ABCD-{guess:04d}")
        except RefusalError as refusal:
            statuses.append(refusal.status)
    assert statuses == [404] * 20 + [429] * 5


def test_a_card_that_left_the_register_is_not_forgotten_by_the_feed(database, station):
    with database.writing() as session:
        from server.cards.models import Card

        card = session.get_one(Card, next(iter(numbers(session))))
        card.state = "DELETED"
        cards_changed(session, [card.uitpas_number])
    answer = station.follow()
    assert answer.checksums == station.checksums()
    assert 6 in {row.state for row in station.cards["5"].values()}


def numbers(session):
    from sqlmodel import select

    from server.cards.models import Card

    return session.exec(select(Card.uitpas_number).order_by(Card.uitpas_number))
