"""A tap at the server: once, judged again, with a verdict of its own."""

import hashlib
import random
import threading
import time

import msgspec
import pytest
from nacl.public import PrivateKey
from sqlmodel import col, select

from fakes.scene import EVENT, chip_of
from server.checkins.models import LEDGER, Checkin, KioskGap, KioskJournal, RefusedTap
from server.checkins.refusals import Refusal, kind_of
from server.checkins.taps import read_taps
from server.passholders.models import Passholder


def points_of(database, ref):
    with database.reading() as session:
        ledger = session.exec(select(LEDGER.c.points).where(LEDGER.c.passholder_ref == ref)).all()
        balance = session.get_one(Passholder, ref).points
    assert sum(ledger) == balance
    return balance


def facts(database):
    with database.reading() as session:
        return session.exec(select(Checkin).order_by(col(Checkin.seq))).all()


def test_a_tap_becomes_a_point_in_the_ledger(database, station):
    answer = station.upload(station.journal(station.tap(chip_of(1), EVENT)))
    (verdict,) = answer.verdicts
    assert (verdict.verdict, verdict.outcome, verdict.points, verdict.total) == ("granted", "ok", 1, 1)
    assert answer.through == 1
    assert points_of(database, 1) == 1


def test_an_upload_is_remembered_as_a_moment_of_contact(database, station):
    before = time.time_ns() // 1_000_000
    station.upload(station.journal(station.tap(chip_of(1), EVENT)))
    with database.reading() as session:
        assert session.exec(select(KioskJournal.received)).one() >= before


def test_the_same_tap_again_has_the_same_verdict_and_no_second_point(database, station):
    upload = station.journal(station.tap(chip_of(1), EVENT))
    station.upload(upload)
    (verdict,) = station.upload(upload).verdicts
    assert (verdict.verdict, verdict.known) == ("granted", True)
    assert points_of(database, 1) == 1


def test_a_compressed_upload_is_understood(station):
    upload = station.journal(station.tap(chip_of(1), EVENT))
    assert station.upload(upload, compressed=True).verdicts[0].verdict == "granted"


def test_two_zuilen_offline_with_one_card_keep_both_facts_and_give_one_point(database, new_station):
    first, second = new_station(), new_station()
    mine = first.journal(first.tap(chip_of(1), EVENT))
    theirs = second.journal(second.tap(chip_of(1), EVENT))
    assert first.upload(mine).verdicts[0].verdict == "granted"
    late = second.upload(theirs).verdicts[0]
    assert (late.verdict, late.outcome) == ("noted", "maximum_reached")
    assert points_of(database, 1) == 1
    kept = facts(database)
    assert len(kept) == 2
    assert [(one.shown, one.outcome) for one in kept if one.shown != one.outcome] == [
        ("ok", "maximum_reached")
    ]


def test_one_bad_row_never_blocks_another(database, station):
    upload = station.journal(
        station.tap(chip_of(1), EVENT),
        b'{"id":"not a tap"}',
        b'"torn \\u0000 page"',
        station.tap(chip_of(2), EVENT + "\x00"),
        station.tap(chip_of(3), EVENT, outcome="something newer"),
        station.tap(chip_of(2), EVENT),
    )
    answer = station.upload(upload)
    assert [one.verdict for one in answer.verdicts] == [
        "granted",
        "refused",
        "refused",
        "refused",
        "refused",
        "granted",
    ]
    assert all(one.detail for one in answer.verdicts if one.verdict == "refused")
    assert answer.through == 6
    station.upload(upload)
    with database.reading() as session:
        parked = session.exec(select(RefusedTap).order_by(col(RefusedTap.seq))).all()
    assert [one.payload for one in parked][:2] == [b'{"id":"not a tap"}', b'"torn \\u0000 page"']
    assert len(parked) == 4


def test_what_was_refused_is_said_in_words_for_each_kind(station):
    tap, of = station.tap, chip_of(2)
    refused = {
        b'"torn"': Refusal.FORMAT,
        b'{"id":"not a tap"}': Refusal.FORMAT,
        b'{"id":"torn': Refusal.BROKEN,
        b'{"id": nothing}': Refusal.BROKEN,
        b'{"id":"\xff\xfe"}': Refusal.BROKEN,
        msgspec.json.encode(tap(of, EVENT + "\x00")): Refusal.EVENT,
        msgspec.json.encode(tap(of, EVENT, at=1 << 61)): Refusal.CLOCK,
        msgspec.json.encode(tap(of, EVENT, outcome="something newer")): Refusal.OUTCOME,
        msgspec.json.encode(tap("", EVENT, system=5, card="a" * 15)): Refusal.CARD,
        msgspec.json.encode(tap("", EVENT, system=5, card="x" * 16)): Refusal.CARD,
        msgspec.json.encode(tap(of, EVENT, sealed=True)): Refusal.SEALED,
    }
    _, items = read_taps(station.journal(*refused), 1_700_000_000_000, PrivateKey.generate)
    assert [kind_of(item.reason) for item in items] == list(refused.values())


def test_taps_are_judged_again_by_the_rules(station):
    hour = 3_600_000
    now = int(time.time() * 1000)
    upload = station.journal(
        station.tap(chip_of(1), EVENT, outcome="ok", at=now - 30 * hour),
        station.tap(chip_of(2), None, outcome="no_event"),
        station.tap(chip_of(99), EVENT, outcome="ok"),
        station.tap(None, EVENT, outcome="unreadable_card"),
        station.tap(chip_of(3), "00000000-0000-0000-0000-000000000000", outcome="ok"),
    )
    outcomes = [one.outcome for one in station.upload(upload).verdicts]
    assert outcomes == ["too_early", "no_event", "unknown_card", "unreadable_card", "no_event"]


def test_uploads_doubled_reordered_and_at_the_same_time_count_each_tap_once(database, station):
    uploads = [station.journal(*[station.tap(chip_of(card), EVENT) for card in (1, 2, 3)]) for _ in range(8)]
    sent = uploads * 2
    random.Random(7).shuffle(sent)
    failures = []

    def send(upload):
        try:
            station.upload(upload)
        except Exception as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=send, args=(upload,)) for upload in sent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [one.seq for one in facts(database)] == list(range(1, 25))
    assert [points_of(database, ref) for ref in (1, 2, 3)] == [1, 1, 1]
    # What came too early for its place was asked for again, and came.
    answer = station.upload(uploads[0])
    assert (answer.through, answer.resend_from) == (24, None)


def test_a_gap_is_noticed_and_asked_for_and_filled(database, station):
    lost = station.journal(*[station.tap(chip_of(1), EVENT) for _ in range(3)])
    answer = station.upload(station.journal(station.tap(chip_of(2), EVENT)))
    assert (answer.through, answer.resend_from) == (0, 1)
    assert gaps(database) == [("gap", "open", 1, 3)]
    answer = station.upload(msgspec.structs.replace(lost, items=lost.items[:1]))
    assert (answer.through, answer.resend_from) == (1, 2)
    answer = station.upload(lost)
    assert (answer.through, answer.resend_from) == (4, None)
    assert [state for _, state, _, _ in gaps(database)] == ["filled"]


def test_rows_that_the_zuil_no_longer_holds_are_lost_and_asked_for_no_more(database, station):
    station.journal(*[station.tap(chip_of(1), EVENT) for _ in range(3)])
    upload = msgspec.structs.replace(station.journal(station.tap(chip_of(2), EVENT)), oldest=3)
    answer = station.upload(upload)
    assert (answer.through, answer.resend_from) == (2, 3)
    assert gaps(database) == [("gap", "lost", 1, 2), ("gap", "open", 3, 3)]
    answer = station.upload(msgspec.structs.replace(upload, oldest=4))
    assert (answer.through, answer.resend_from) == (4, None)


def test_a_changed_row_breaks_the_chain_visibly(database, station):
    upload = station.journal(*[station.tap(chip_of(1), EVENT) for _ in range(4)])
    forged = msgspec.structs.replace(
        upload.items[2], tap=msgspec.Raw(msgspec.json.encode(station.tap(chip_of(5), EVENT)))
    )
    upload.items[2] = forged
    station.upload(upload)
    assert gaps(database) == [("chain", "open", 3, 3)]


def test_a_journal_that_was_begun_anew_breaks_the_chain_visibly(database, station):
    station.upload(station.journal(station.tap(chip_of(1), EVENT)))
    station.chain = hashlib.sha256(b"another journal").digest()[:16]
    station.upload(station.journal(station.tap(chip_of(2), EVENT)))
    assert gaps(database) == [("chain", "open", 2, 2)]


def test_a_server_restored_from_a_backup_asks_again(database, station):
    station.upload(station.journal(station.tap(chip_of(1), EVENT)))
    station.journal(station.tap(chip_of(2), EVENT), station.tap(chip_of(3), EVENT))
    assert station.heartbeat(last_seq=3, queue=0).resend_from == 2
    assert station.heartbeat(last_seq=3, queue=2).resend_from is None


@pytest.mark.parametrize("wall", [0, 1_000, 32_503_680_000_000])
def test_a_wrong_clock_does_not_move_a_tap_within_one_boot(database, station, wall):
    tap = station.tap(chip_of(1), EVENT)
    now = tap.clock.monotonic + 60_000
    upload = station.journal(
        msgspec.structs.replace(tap, clock=msgspec.structs.replace(tap.clock, wall=wall, offset=None))
    )
    clock = msgspec.structs.replace(upload.clock, wall=wall + 60_000, monotonic=now, offset=None)
    before = time.time() * 1000
    station.upload(msgspec.structs.replace(upload, clock=clock))
    (fact,) = facts(database)
    assert fact.wall == wall
    assert abs(fact.at - (before - 60_000)) < 5_000


def test_a_blocked_zuil_hands_in_its_taps_and_gets_nothing(database, station):
    from fakes.station import RefusalError
    from server.kiosks.models import Kiosk
    from server.kiosks.setup import block_kiosk

    upload = station.journal(station.tap(chip_of(1), EVENT))
    with database.writing() as session:
        block_kiosk(session, session.get_one(Kiosk, station.enrolment.kiosk))
    assert station.upload(upload).verdicts[0].verdict == "granted"
    with pytest.raises(RefusalError) as refused:
        station.changes()
    assert (refused.value.status, refused.value.problem.type) == (403, "zuil:kiosk-blocked")


def gaps(database):
    with database.reading() as session:
        found = session.exec(select(KioskGap).order_by(col(KioskGap.first))).all()
    return [(gap.kind, gap.state, gap.first, gap.last) for gap in found]
