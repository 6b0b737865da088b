"""What happened to a zuil: what its heartbeats show, and the pages on which it stands."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from fakes.station import clock
from server.kernel.audit import AuditEntry
from server.kiosks.contact import Before
from server.kiosks.models import FormerDevice, Kiosk
from server.monitor.happenings import keep_happenings
from server.monitor.models import KioskHappening, KioskTransition, Maintenance
from server.monitor.timeline import PAGE, Kind, read_timeline
from server.releases.models import KioskRelease
from shared.domain.zones import to_millis
from shared.wire.messages import Clock, Heartbeat

NOW = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)


def beats(station, *, boot="a", monotonic=0, uptime=0, version="1.0.0"):
    """Send a heartbeat of a machine that runs `monotonic` seconds and a program that runs `uptime`."""
    at = Clock(wall=clock().wall, monotonic=monotonic * 1000, boot=boot, offset=0)
    beat = Heartbeat(clock=at, version=version, queue=0, uptime=uptime)
    assert station.post("/device/v1/heartbeat", beat).status_code == 200


def happened(database):
    with database.reading() as session:
        rows = session.exec(select(KioskHappening).order_by(KioskHappening.id)).all()
        return [(row.kind, row.was, row.became) for row in rows]


def test_other_starts_and_versions_are_kept_and_nothing_else_is(database, station):
    beats(station, monotonic=100, uptime=90)
    beats(station, monotonic=160, uptime=150)
    beats(station, monotonic=4000, uptime=3991)
    assert happened(database) == []
    beats(station, monotonic=4060, uptime=5)
    assert happened(database) == [("restarted", "", "")]
    beats(station, boot="b", monotonic=30, uptime=20)
    beats(station, boot="b", monotonic=90, uptime=5, version="1.1.0")
    assert happened(database)[1:] == [
        ("rebooted", "", ""),
        ("restarted", "", ""),
        ("version", "1.0.0", "1.1.0"),
    ]


def kinds(before, *, monotonic, uptime):
    """Return what the next heartbeat of the same boot and version shows."""
    told = Before(30, 0, version="1.0.0", boot="a", **before)
    at = Clock(wall=0, monotonic=monotonic * 1000, boot="a", offset=0)
    beat = Heartbeat(clock=at, version="1.0.0", queue=0, uptime=uptime)
    return [call.scalars["kind"] for call in keep_happenings(1, beat, told, NOW)]


def test_a_restart_during_an_outage_shows_although_the_program_runs_longer_than_before():
    assert kinds({"monotonic": 100_000, "uptime": 60}, monotonic=5000, uptime=4000) == ["restarted"]


def test_a_device_that_tells_no_uptime_did_not_restart():
    assert kinds({"monotonic": 10_000}, monotonic=5000, uptime=0) == []


def trail(kind, subject, action, hours):
    """Return what the audit trail says of something so many hours ago."""
    at = NOW - timedelta(hours=hours)
    return AuditEntry(subject_kind=kind, subject_id=subject, action=action, at=at)


@pytest.fixture
def lived(database, new_station):
    """Make a zuil to which everything happened, an hour apart; return its number."""
    number = new_station().enrolment.kiosk

    def at(hours):
        return to_millis(NOW - timedelta(hours=hours))

    with database.writing() as session:
        session.add(KioskTransition(kiosk=number, at=at(9), state="ok"))
        session.add(KioskHappening(kiosk=number, at=at(8), kind="rebooted"))
        session.add(KioskHappening(kiosk=number, at=at(7), kind="version", was="1.0.0", became="1.1.0"))
        session.add(Maintenance(kiosk=number, starts=at(6), ends=at(5), reason="kabel"))
        session.add(Maintenance(kiosk=number, starts=at(1), ends=at(-4)))
        session.add(KioskRelease(kiosk=number, offer="1.1.x", version="1.2.0", step="failed", at=at(4)))
        session.add(KioskRelease(kiosk=number, offer="3.1.x", version="1.3.0", step="done", at=at(2.5)))
        ended = (("3", "halt-rollout", 2), ("3", "stop-rollout", 1.5), ("31", "stop-rollout", 1.4))
        for subject, action, hours in ended:
            session.add(trail("rollout", subject, action, hours))
        session.add(trail("kiosk", str(number), "wiped", 0.5))
        former = Kiosk(name="Vorige", code_key=b"", state="removed")
        session.add(former)
        session.flush()
        session.add(FormerDevice(kiosk=former.number, successor=number, since=NOW - timedelta(hours=3)))
    return number


def test_all_that_happened_stands_in_one_order(database, lived):
    with database.reading() as session:
        timeline = read_timeline(session, lived, to_millis(NOW))
    assert [row.kind for row in timeline.rows] == [
        Kind.WIPED,
        Kind.WORK_BEGAN,
        Kind.ROLLOUT_STOPPED,
        Kind.ROLLOUT_HALTED,
        Kind.REPLACED,
        Kind.WENT_BACK,
        Kind.WORK_ENDED,
        Kind.WORK_BEGAN,
        Kind.VERSION,
        Kind.REBOOTED,
        Kind.STATE,
    ]
    assert {row.became for row in timeline.rows if row.kind is Kind.ROLLOUT_STOPPED} == {"1.3.0"}
    assert timeline.older is None, "work that still goes on has not ended"


def test_pages_of_a_long_timeline_hold_each_row_once(database, lived):
    with database.writing() as session:
        for minute in range(3 * PAGE):
            at = to_millis(NOW) - minute // 2 * 60_000
            session.add(KioskTransition(kiosk=lived, at=at, state="ok"))
            session.add(KioskHappening(kiosk=lived, at=at, kind="restarted"))
    found, before = [], to_millis(NOW) + 1
    with database.reading() as session:
        while before is not None:
            page = read_timeline(session, lived, to_millis(NOW), before)
            assert PAGE <= len(page.rows) <= PAGE + 4 or page.older is None
            found += page.rows
            before = page.older
    assert len(found) == 6 * PAGE + 11
    assert sorted(found, key=lambda row: -row.at) == found
