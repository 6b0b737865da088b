"""A code makes one device a zuil; a device that never heard the answer may ask once more."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlmodel import select

from fakes.scene import add_kiosk
from fakes.station import RefusalError, Station
from server.kernel.audit import AuditEntry
from server.kiosks.enrolment import REPEATABLE, enrol, make_enrolment_code
from server.kiosks.models import Kiosk, KioskEnrolment, KioskState
from server.kiosks.setup import block_kiosk
from shared.wire.messages import Enrolment, EnrolmentRequest


@pytest.fixture
def code(database, region):
    with database.writing() as session:
        return add_kiosk(session, region)[1]


@pytest.fixture
def exchange(client):
    def exchange(code, attempt="a secret of this device"):
        body = msgspec.json.encode(EnrolmentRequest(code=code, attempt=attempt))
        response = client.post("/device/v1/enrolments", content=body)
        if response.status_code >= 400:
            raise RefusalError(response)
        return Station(client, enrolment=msgspec.json.decode(response.content, type=Enrolment))

    return exchange


def refused(exchange, *asked):
    with pytest.raises(RefusalError) as refusal:
        exchange(*asked)
    return refusal.value.problem.type == "zuil:code-refused"


def move_exchange(database, span):
    with database.writing() as session:
        used = session.exec(select(KioskEnrolment)).one()
        used.used_at += span


def test_the_same_attempt_gets_fresh_credentials_for_the_same_zuil_and_the_first_are_void(
    database, code, exchange
):
    lost, again = exchange(code), exchange(code)
    assert again.enrolment.kiosk == lost.enrolment.kiosk
    with pytest.raises(RefusalError) as refusal:
        lost.heartbeat()
    assert refusal.value.status == 401
    again.follow()
    assert again.config.kiosk == again.enrolment.kiosk
    with database.reading() as session:
        assert session.exec(select(AuditEntry.action)).all().count("enrol") == 2


def test_only_a_hash_of_the_attempt_is_kept(database, code, exchange):
    exchange(code)
    with database.reading() as session:
        assert b"secret" not in session.exec(select(KioskEnrolment.attempt_hash)).one()


@pytest.mark.parametrize("attempt", ["another device", ""])
def test_another_attempt_or_none_finds_the_code_used(code, exchange, attempt):
    mine = exchange(code)
    assert refused(exchange, code, attempt)
    mine.heartbeat()


def test_an_exchange_without_an_attempt_is_never_repeated(code, exchange):
    exchange(code, "")
    assert refused(exchange, code, "")


def test_credentials_that_were_used_arrived_so_there_is_nothing_to_repeat(code, exchange):
    mine = exchange(code)
    mine.heartbeat()
    assert refused(exchange, code)
    mine.heartbeat()


def test_after_some_minutes_it_is_too_late(database, code, exchange):
    exchange(code)
    move_exchange(database, -REPEATABLE)
    assert refused(exchange, code)


def test_a_zuil_that_was_blocked_or_got_another_device_meanwhile_is_not_given_again(database, code, exchange):
    first = exchange(code)
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, first.enrolment.kiosk)
        newer = make_enrolment_code(session, kiosk, datetime.now(UTC))
    other = exchange(newer, "another device")
    assert refused(exchange, code)
    other.heartbeat()
    with database.writing() as session:
        block_kiosk(session, session.get_one(Kiosk, first.enrolment.kiosk))
    assert refused(exchange, newer, "another device")


def test_the_device_before_stops_at_the_exchange_not_at_the_first_word_of_the_new_one(
    database, code, exchange
):
    before = exchange(code)
    before.heartbeat()
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, before.enrolment.kiosk)
        request = EnrolmentRequest(code=make_enrolment_code(session, kiosk, datetime.now(UTC)))
        enrol(session, request, datetime.now(UTC) + timedelta(hours=1))
    with pytest.raises(RefusalError) as refusal:
        before.heartbeat()
    assert refusal.value.status == 401


def test_a_removed_zuil_is_told_it_is_blocked_and_still_hands_in_its_taps(database, code, exchange):
    zuil = exchange(code)
    zuil.follow()
    upload = zuil.journal(zuil.tap("04000000000001", None, outcome="no_event"))
    with database.writing() as session:
        session.get_one(Kiosk, zuil.enrolment.kiosk).state = KioskState.REMOVED
    for ask in (zuil.heartbeat, zuil.changes):
        with pytest.raises(RefusalError) as refusal:
            ask()
        assert (refusal.value.status, refusal.value.problem.type) == (403, "zuil:kiosk-blocked")
    assert zuil.upload(upload).through == 1
