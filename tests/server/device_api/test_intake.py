"""Uploads of many zuilen at the same time: taken in together, each answered for itself."""

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import msgspec
import pytest
from sqlalchemy import make_url
from sqlmodel import func, select

from fakes.scene import EVENT, add_holders, chip_of
from fakes.station import RefusalError
from server.checkins.models import LEDGER, Checkin, KioskJournal
from server.device_api.authentication import identify_all
from server.device_api.taps import MOST_TOGETHER
from server.feed.publisher import publish
from server.kernel.bulk import MANY
from server.passholders.models import Passholder
from shared.wire import messages

CROWD = MOST_TOGETHER + 2


@pytest.fixture
def crowd(new_station):
    return [new_station() for _ in range(CROWD)]


def all_at_once(calls):
    """Call everything at the same time; return each result, or what was raised."""

    def outcome(call):
        try:
            return call()
        except RefusalError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(outcome, calls))


def totals(database):
    """Return how many check-ins there are, how many of them with a point, and the points of both books."""
    with database.reading() as session:
        return (
            session.exec(select(func.count()).select_from(Checkin)).one(),
            session.exec(select(func.count()).where(Checkin.verdict == "granted")).one(),
            session.exec(select(func.coalesce(func.sum(LEDGER.c.points), 0))).one(),
            session.exec(select(func.sum(Passholder.points))).one(),
        )


def add_many(database, count):
    with database.writing() as session:
        add_holders(session, count, first=1_000)
    publish(database)


def full_upload(station, first):
    return station.journal(*[station.tap(chip_of(ref), EVENT) for ref in range(first, first + MANY)])


def test_a_crowd_that_comes_back_at_once_is_taken_in_whole(database, crowd):
    add_many(database, CROWD * MANY)
    uploads = [full_upload(one, 1_000 + place * MANY) for place, one in enumerate(crowd)]
    answers = all_at_once([partial(one.upload, upload) for one, upload in zip(crowd, uploads, strict=True)])
    assert [answer.through for answer in answers] == [MANY] * CROWD
    assert all(verdict.verdict == "granted" for answer in answers for verdict in answer.verdicts)
    assert totals(database) == (CROWD * MANY,) * 4


def test_one_card_at_every_zuil_at_once_gives_one_point(database, crowd):
    uploads = [one.journal(one.tap(chip_of(1), EVENT)) for one in crowd]
    answers = all_at_once([partial(one.upload, upload) for one, upload in zip(crowd, uploads, strict=True)])
    verdicts = sorted(answer.verdicts[0].verdict for answer in answers)
    assert verdicts == ["granted"] + ["noted"] * (CROWD - 1)
    assert totals(database) == (CROWD, 1, 1, 1)


def test_what_is_wrong_with_one_upload_is_told_to_that_zuil_alone(database, crowd):
    add_many(database, CROWD)
    forged, unreadable, *good = crowd
    forged.enrolment = msgspec.structs.replace(forged.enrolment, consumer_secret="somebody else's")
    calls = [
        partial(forged.upload, forged.journal(forged.tap(chip_of(1_000), EVENT))),
        partial(unreadable.upload, b'{"items": 1}'),
        *(
            partial(one.upload, one.journal(one.tap(chip_of(1_001 + place), EVENT)))
            for place, one in enumerate(good)
        ),
    ]
    first, second, *others = all_at_once(calls)
    assert (first.status, first.problem.type) == (401, "zuil:signature-refused")
    assert (second.status, second.problem.title) == (400, "This message cannot be read.")
    assert [answer.verdicts[0].verdict for answer in others] == ["granted"] * len(good)
    assert totals(database) == (len(good),) * 4


def test_the_same_upload_many_times_at_once_counts_once(database, station):
    upload = station.journal(station.tap(chip_of(1), EVENT))
    answers = all_at_once([partial(station.upload, upload)] * CROWD)
    known = sorted(answer.verdicts[0].known for answer in answers)
    assert known == [False] + [True] * (CROWD - 1)
    assert totals(database) == (1, 1, 1, 1)


def test_a_copied_sd_card_at_two_zuilen_at_once_counts_each_tap_once(database, crowd):
    # The same taps, with the same ids, in the journals of several zuilen: none of them blocks the others.
    first = crowd[0]
    taps = [msgspec.json.encode(first.tap(chip_of(1 + place), EVENT)) for place in range(8)]
    uploads = [one.journal(*taps) for one in crowd]
    answers = all_at_once([partial(one.upload, upload) for one, upload in zip(crowd, uploads, strict=True)])
    assert all(isinstance(answer, messages.UploadAnswer) and answer.through == 8 for answer in answers)
    assert totals(database) == (8, 8, 8, 8)


def test_many_rows_that_are_there_already_are_recognised(database, station):
    add_many(database, MANY)
    upload = full_upload(station, 1_000)
    station.upload(upload)
    # A zuil with an empty journal sends the old taps under numbers that are new to the server.
    again = messages.Upload(
        items=[msgspec.structs.replace(item, seq=item.seq + MANY) for item in upload.items],
        previous=upload.items[-1].chain,
        clock=upload.clock,
    )
    assert all(verdict.known for verdict in station.upload(again).verdicts)
    assert totals(database) == (MANY,) * 4


@pytest.fixture
def attempts(monkeypatch):
    """Have SQLite's writers give up soon; return how many uploads were in each transaction that was tried."""
    monkeypatch.setattr("server.kernel.database.BUSY_MILLISECONDS", 300)
    seen = []

    def note(session, requests):
        seen.append(len(requests))
        return identify_all(session, requests)

    monkeypatch.setattr("server.device_api.taps.identify_all", note)
    return seen


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_that_is_held_up_is_not_asked_again_for_each_who_waits(attempts, sqlite_url, crowd):
    uploads = [partial(one.upload, full_upload(one, 1)) for one in crowd]
    with sqlite3.connect(make_url(sqlite_url).database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = all_at_once(uploads)
        other.execute("ROLLBACK")
    assert {one.status for one in refused} == {503}
    assert sum(attempts) == len(crowd)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_upload_that_somebody_holds_up_holds_up_no_other(database, crowd):
    add_many(database, CROWD)
    held_up, *others = crowd
    held_up.upload(held_up.journal(held_up.tap(chip_of(1), EVENT)))
    with ThreadPoolExecutor(2) as threads, database.writing() as somebody:
        somebody.exec(
            select(KioskJournal).where(KioskJournal.kiosk == held_up.enrolment.kiosk).with_for_update()
        ).one()
        late = threads.submit(held_up.upload, held_up.journal(held_up.tap(chip_of(1_000), EVENT)))
        time.sleep(0.1)
        calls = [
            partial(one.upload, one.journal(one.tap(chip_of(1_001 + place), EVENT)))
            for place, one in enumerate(others)
        ]
        answers = threads.submit(all_at_once, calls).result(timeout=30)
        assert [answer.verdicts[0].verdict for answer in answers] == ["granted"] * len(others)
        assert not late.done()
        somebody.rollback()
        assert late.result(timeout=30).verdicts[0].verdict == "granted"
