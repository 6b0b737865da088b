"""Keys of one zuil are replaced while it works; a blocked one is told, and what it heard is known."""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlmodel import select

from fakes.scene import EVENT, chip_of
from fakes.station import RefusalError, Station
from server.feed.changes import kiosks_changed
from server.kernel.audit import AuditEntry
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import Kiosk, KioskLive, KioskState
from server.kiosks.renewal import ask_renewal, renew_code_key
from server.kiosks.setup import block_kiosk, unblock_kiosk
from shared.wire.messages import Enrolment


def change(database, station, deed, **named):
    with database.writing() as session:
        return deed(session, session.get_one(Kiosk, station.enrolment.kiosk), **named)


def kiosk_of(database, station):
    with database.reading() as session:
        return session.get_one(Kiosk, station.enrolment.kiosk)


def fetch(station):
    """Ask for fresh credentials, as a zuil does; it does not use them yet."""
    return station._read(station.post("/device/v1/credentials", b"{}"), Enrolment)


def as_(station, enrolment):
    return Station(station.client, enrolment=enrolment)


def test_fresh_credentials_come_when_asked_for_and_the_old_ones_stay_good_until_they_are_used(
    database, station
):
    assert not station.heartbeat().renew
    change(database, station, ask_renewal, now=datetime.now(UTC))
    assert station.heartbeat().renew
    fresh = as_(station, fetch(station))
    assert station.heartbeat().renew, "the answer may have been lost: it may ask again"
    fresh = as_(station, fetch(station))
    assert fresh.enrolment.consumer_secret != station.enrolment.consumer_secret

    assert not fresh.heartbeat().renew
    with pytest.raises(RefusalError) as refused:
        station.heartbeat()
    assert refused.value.status == 401
    assert not fresh.heartbeat().renew
    assert kiosk_of(database, station).renewal_asked is None


def test_credentials_that_were_fetched_and_never_arrived_are_void_once_others_are(database, station):
    change(database, station, ask_renewal, now=datetime.now(UTC))
    lost, fresh = as_(station, fetch(station)), as_(station, fetch(station))
    with pytest.raises(RefusalError):
        lost.heartbeat()
    fresh.heartbeat()
    with pytest.raises(RefusalError):
        lost.heartbeat()


def test_nobody_fetches_credentials_unasked(database, station):
    with pytest.raises(RefusalError) as refused:
        fetch(station)
    assert refused.value.status == 409


def test_a_forged_signature_under_the_next_key_changes_nothing(database, station):
    change(database, station, ask_renewal, now=datetime.now(UTC))
    fresh = fetch(station)
    forged = as_(station, msgspec.structs.replace(fresh, consumer_secret="guessed"))
    with pytest.raises(RefusalError):
        forged.heartbeat()
    assert station.heartbeat().renew


def test_another_code_key_comes_with_the_configuration(database, station):
    before = station.config.code_key
    change(database, station, renew_code_key)
    station.follow()
    assert station.config.code_key != before
    with database.reading() as session:
        assert "renew-code-key" in session.exec(select(AuditEntry.action)).all()


def test_a_blocked_zuil_hands_in_is_told_and_what_it_heard_is_noted(database, station):
    upload = station.journal(station.tap(chip_of(1), EVENT))
    change(database, station, block_kiosk)
    assert kiosk_of(database, station).told_at is None
    for _ in range(2):
        with pytest.raises(RefusalError) as refused:
            station.heartbeat()
        assert refused.value.problem.type == "zuil:kiosk-blocked"
    assert len(station.upload(upload).verdicts) == 1
    kiosk = kiosk_of(database, station)
    assert kiosk.blocked_at <= kiosk.told_at
    assert kiosk.wiped_at is None


def test_an_unblocked_zuil_needs_another_enrolment_and_its_old_credentials_stay_refused(database, station):
    change(database, station, block_kiosk)
    change(database, station, unblock_kiosk)
    assert kiosk_of(database, station).state == KioskState.NEW
    with pytest.raises(RefusalError) as refused:
        station.heartbeat()
    assert refused.value.problem.type == "zuil:kiosk-blocked"
    code = change(database, station, make_enrolment_code, now=datetime.now(UTC))
    again = Station(station.client, code)
    again.follow()
    assert kiosk_of(database, station).state == KioskState.ACTIVE
    assert kiosk_of(database, station).blocked_at is None
    with pytest.raises(RefusalError) as refused:
        station.heartbeat()
    assert refused.value.status == 401


def test_the_lease_that_is_counted_on_is_the_longest_that_the_zuil_may_have(database, station):
    def lease():
        with database.reading() as session:
            return session.get_one(KioskLive, station.enrolment.kiosk).lease_days

    def put(days):
        with database.writing() as session:
            session.get_one(Kiosk, station.enrolment.kiosk).lease_days = days
            kiosks_changed(session, [station.enrolment.kiosk])

    station.heartbeat(config=station.config.version)
    assert lease() == 30
    put(5)
    station.heartbeat(config=station.config.version)
    assert lease() == 30, "it has not read its configuration yet"
    station.follow()
    station.heartbeat(config=station.config.version)
    assert lease() == 5
    put(10)
    station.heartbeat(config=station.config.version)
    assert lease() == 10
