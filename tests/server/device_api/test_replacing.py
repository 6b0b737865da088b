"""Another device for a zuil: identity and history stay, the device before hands in and stops."""

from datetime import UTC, datetime

import msgspec
import pytest
from sqlmodel import select

from fakes.scene import EVENT, chip_of
from fakes.station import RefusalError, Station, clock
from server.checkins.models import Checkin, KioskGap, KioskJournal
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import FormerDevice, Kiosk, KioskState
from server.kiosks.replacing import former_devices, replace_device
from shared.wire.messages import Parting, Receipt
from shared.wire.parting import parting_proof


def replaced(database, station):
    """Replace the device of a station; return the new one."""
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, station.enrolment.kiosk)
        replace_device(session, kiosk, datetime.now(UTC))
        code = make_enrolment_code(session, kiosk, datetime.now(UTC))
    new = Station(station.client, code)
    new.follow()
    return new


def checkins(database):
    with database.reading() as session:
        return sorted((one.kiosk, one.seq) for one in session.exec(select(Checkin)))


@pytest.fixture
def old(station):
    """A device that handed in two taps, and has a third that it did not hand in."""
    station.upload(station.journal(*(station.tap(chip_of(n), EVENT) for n in (1, 2))))
    station.waiting = station.journal(station.tap(chip_of(3), EVENT))
    return station


def test_the_new_device_is_the_same_zuil_with_a_journal_of_its_own(database, old):
    new = replaced(database, old)
    assert new.enrolment.kiosk == old.enrolment.kiosk
    answer = new.upload(new.journal(new.tap(chip_of(4), EVENT)))
    assert [(one.seq, one.verdict) for one in answer.verdicts] == [(1, "granted")]
    assert (answer.through, answer.resend_from) == (1, None)


def test_the_old_one_hands_in_with_its_points_and_is_told_to_stop(database, old):
    new = replaced(database, old)
    new.upload(new.journal(new.tap(chip_of(4), EVENT)))
    answer = old.upload(old.waiting)
    assert [(one.seq, one.verdict) for one in answer.verdicts] == [(3, "granted")]
    assert (answer.through, answer.resend_from) == (3, None)
    with database.reading() as session:
        assert session.exec(select(KioskGap)).first() is None
        assert [one.top_seq for one in session.exec(select(KioskJournal).order_by(KioskJournal.kiosk))] == [
            1,
            3,
        ]
    for ask in (old.heartbeat, old.changes):
        with pytest.raises(RefusalError) as refusal:
            ask()
        assert (refusal.value.status, refusal.value.problem.type) == (403, "zuil:kiosk-blocked")
    number = new.enrolment.kiosk
    with database.reading() as session:
        (former,) = former_devices(session, number)
        other = session.exec(select(FormerDevice.kiosk)).one()
    assert former.told_at is not None
    assert former.handed_in == 1
    assert checkins(database) == [(number, 1), (number, 1), (number, 2), (other, 3)]


def test_the_last_word_of_the_old_one_is_noted_with_it_and_not_with_the_zuil(database, old):
    number = replaced(database, old).enrolment.kiosk
    key, secret = old.enrolment.consumer_key, old.enrolment.consumer_secret
    said = Parting(consumer_key=key, proof=parting_proof(key, secret), wiped=clock(), clock=clock())
    answer = old.client.post("/device/v1/partings", content=msgspec.json.encode(said))
    assert msgspec.json.decode(answer.content, type=Receipt).known
    with database.reading() as session:
        assert session.get_one(Kiosk, number).wiped_at is None
        assert former_devices(session, number)[0].wiped_at is not None


def test_between_the_two_nobody_is_the_zuil(database, old):
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, old.enrolment.kiosk)
        before = bytes(kiosk.code_key)
        replace_device(session, kiosk, datetime.now(UTC))
    with database.reading() as session:
        kiosk = session.get_one(Kiosk, old.enrolment.kiosk)
        assert (kiosk.state, kiosk.consumer_key) == (KioskState.NEW, None)
        assert bytes(kiosk.code_key) != before, "the old one knows the key of the QR codes"
    with pytest.raises(RefusalError):
        old.heartbeat()


def test_a_device_that_just_takes_a_code_over_sets_the_one_before_aside_as_well(database, old):
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, old.enrolment.kiosk)
        code = make_enrolment_code(session, kiosk, datetime.now(UTC))
    new = Station(old.client, code)
    new.follow()
    assert old.upload(old.waiting).through == 3
    assert new.upload(new.journal(new.tap(chip_of(4), EVENT))).through == 1


def test_the_same_device_with_another_code_goes_on_with_its_journal(database, old):
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, old.enrolment.kiosk)
        code = make_enrolment_code(session, kiosk, datetime.now(UTC))
    again = Station(old.client, code, last_seq=3)
    again.seq, again.chain, again.config = old.seq, old.chain, old.config
    assert again.upload(old.waiting).through == 3
    with database.reading() as session:
        assert session.exec(select(FormerDevice)).first() is None


def test_replaced_twice_each_keeps_its_own(database, old):
    second = replaced(database, old)
    waiting = second.journal(second.tap(chip_of(5), EVENT))
    third = replaced(database, second)
    assert [one.upload(rows).through for one, rows in ((old, old.waiting), (second, waiting))] == [3, 1]
    third.upload(third.journal(third.tap(chip_of(6), EVENT)))
    with database.reading() as session:
        assert [one.handed_in for one in former_devices(session, third.enrolment.kiosk)] == [1, 1]
