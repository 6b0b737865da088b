"""A heartbeat leaves one narrow row behind, and costs no more than a few statements."""

import threading

import pytest
from sqlmodel import col, select

from fakes.scene import EVENT, add_event, chip_of
from server.device_api.versions import ConfigVersions
from server.feed.changes import kiosks_changed
from server.feed.epoch import Cursor
from server.feed.publisher import publish
from server.kernel.bulk import Bulk
from server.kiosks.models import KioskLive
from server.monitor.models import KioskSample, KioskWatch
from shared.wire.messages import Telemetry

MEASURED = Telemetry(
    temperature=51.24, signal=-63, round_trip=85, memory_free=512, disk_free=9_000, taps=12, refusals=3
)


def samples(database):
    with database.reading() as session:
        return session.exec(select(KioskSample).order_by(col(KioskSample.at))).all()


def test_what_a_zuil_measures_becomes_a_row_of_its_history(database, station):
    station.heartbeat(telemetry=MEASURED, queue=2)
    (row,) = samples(database)
    assert (row.temperature, row.signal, row.round_trip) == (512, -63, 85)
    assert (row.memory, row.disk, row.queue, row.refusals) == (512, 9_000, 2, 3)
    assert abs(row.offset) < 10_000


def test_taps_are_those_since_the_heartbeat_before(database, station):
    station.heartbeat(last_seq=40, queue=40)
    station.heartbeat(last_seq=45, queue=45)
    station.heartbeat(last_seq=3, queue=3)
    assert [row.taps for row in samples(database)] == [0, 5, 0], (
        "a journal that begins anew counts from there"
    )


def test_a_zuil_without_telemetry_is_kept_too(database, station):
    station.heartbeat()
    (row,) = samples(database)
    assert (row.temperature, row.signal, row.memory) == (None, None, None)


def test_what_no_meter_can_show_does_not_stop_a_heartbeat(database, station):
    wild = Telemetry(temperature=9e30, signal=-(1 << 60), disk_free=1 << 60, taps=-5)
    station.heartbeat(telemetry=wild, last_seq=1 << 62, queue=1 << 62, oldest=-(1 << 62))
    (row,) = samples(database)
    assert (row.temperature, row.signal) == (10_000, -1_000)


def test_a_heartbeat_has_the_zuil_judged_again_and_its_live_row_overwritten(database, station):
    station.heartbeat(event=EVENT, telemetry=MEASURED)
    station.heartbeat(event=None, queue=3)
    with database.reading() as session:
        live = session.exec(select(KioskLive)).one()
        watch = session.exec(select(KioskWatch)).one()
    assert (live.event_id, live.queue, live.hung_up) == (None, 3, None)
    assert live.last_contact is not None
    assert live.heartbeat["queue"] == 3
    assert watch.heard == samples(database)[-1].at


def test_a_heartbeat_is_a_bounded_number_of_trips(station, monkeypatch):
    has = station.config.version
    station.heartbeat(config=has)
    trips = []
    answers = Bulk._answers

    def counted(bulk, calls):
        # The publisher and the watch make trips of their own, in threads of their own.
        if threading.current_thread().name.startswith("AnyIO"):
            trips.append(len(calls))
        return answers(bulk, calls)

    monkeypatch.setattr(Bulk, "_answers", counted)
    station.heartbeat(telemetry=MEASURED, config=has)
    assert trips == [1, 1, 6, 3], "who speaks, the nonce, what is newest, what is kept"


def test_a_changed_configuration_is_told_at_the_next_heartbeat(database, station):
    assert station.heartbeat().config == station.config.version
    with database.writing() as session:
        add_event(session, "11111111-2222-3333-4444-555555555555", number=2)
        kiosks_changed(session, [])
    publish(database)
    changed = station.heartbeat().config
    assert changed != station.config.version
    station.follow()
    assert station.config.version == changed


def test_a_busy_feed_does_not_have_configurations_composed(database, station, monkeypatch):
    has = station.config.version
    station.heartbeat(config=has)
    monkeypatch.setattr("server.device_api.heartbeats.current_config", None)
    station.upload(station.journal(station.tap(chip_of(1), EVENT)))
    publish(database)
    assert station.heartbeat(last_seq=1, config=has).config == has


@pytest.mark.parametrize(
    ("head", "changed", "kept"),
    [
        (Cursor("a", 9), [], {1, 2}),
        (Cursor("a", 9), ['["2"]'], {1}),
        (Cursor("a", 9), ["[]"], set()),
        (Cursor("b", 1), [], set()),
    ],
)
def test_versions_forget_what_changed_and_everything_after_a_restored_backup(head, changed, kept):
    versions = ConfigVersions()
    versions.follow(Cursor("a", 5), [])
    versions.put(1, "one", 30)
    versions.put(2, "two", 30)
    versions.follow(head, changed)
    assert {kiosk for kiosk in (1, 2) if versions.get(kiosk)} == kept
    assert versions.seen == head.position
