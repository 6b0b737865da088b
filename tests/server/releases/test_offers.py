"""What a zuil is offered, and how it gets it."""

import pytest
from sqlmodel import select

from fakes.releases import OTHER_SECRET, PUBLIC, tiny_bundle
from fakes.station import RefusalError
from server.releases.models import Release, Rollout
from server.releases.rollouts import choose_track, pause, resume, stop, widen
from server.releases.store import ReleaseRefusedError, add_release
from shared.domain.releases import Track
from shared.domain.rollouts import is_within


@pytest.fixture
def database_url(sqlite_url):
    """What is offered is a rule on a few plain reads: one kind of database shows it."""
    return sqlite_url


def offer(station):
    """Return the version that a zuil is offered."""
    station.follow()
    return station.config.release.version if station.config.release else None


def change(database, rollout, deed, *arguments):
    with database.writing() as session:
        deed(session, session.get_one(Rollout, rollout), *arguments)


def run(station, version, **fields):
    station.heartbeat(version=version, **fields)


def test_a_zuil_is_offered_a_release_and_fetches_it_in_parts(station, roll_out, bundles):
    assert offer(station) is None
    rollout = roll_out("1.4.0")
    assert offer(station) == "1.4.0"
    found = station.config.release
    assert found.id.startswith(f"{rollout}.1.")
    assert found.size == len(bundles["1.4.0"])
    whole = station.get(found.url)
    assert whole.content == bundles["1.4.0"]
    rest = station.get(found.url, Range="bytes=100-", **{"If-Range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, bundles["1.4.0"][100:])


def test_a_release_is_for_zuilen_only_and_only_what_there_is(client, station, roll_out):
    roll_out("1.4.0")
    offer(station)
    assert client.get(station.config.release.url).status_code == 401
    for name in ("0" * 64 + ".zuil", "..%2f..%2fserver.db", "x"):
        assert station.get(f"/device/v1/releases/{name}").status_code == 404


def test_a_paused_rollout_is_offered_to_nobody_else_and_a_stopped_one_is_taken_back(
    database, station, new_station, roll_out
):
    rollout = roll_out("1.4.0")
    other = new_station()
    run(station, "1.4.0")
    change(database, rollout, pause)
    assert (offer(station), offer(other)) == ("1.4.0", None)
    change(database, rollout, resume, 1)
    assert offer(other) == "1.4.0"
    change(database, rollout, stop)
    assert (offer(station), offer(other)) == (None, None)
    assert station.config.withdrawn == other.config.withdrawn == ["1.4.0"]


def test_who_leaves_a_stopped_release_is_offered_the_one_before(database, station, roll_out):
    roll_out("1.4.0")
    newer = roll_out("1.5.0")
    run(station, "1.5.0")
    assert offer(station) == "1.5.0"
    change(database, newer, stop)
    assert offer(station) == "1.4.0"
    assert station.config.withdrawn == ["1.5.0"]


def test_a_beta_is_for_zuilen_on_that_track_which_also_follow_stable(
    database, station, new_station, roll_out
):
    other = new_station()
    with database.writing() as session:
        assert choose_track(session, station.enrolment.kiosk, Track.BETA)
        assert not choose_track(session, station.enrolment.kiosk, Track.BETA)
    roll_out("1.5.0", track=Track.BETA)
    assert (offer(station), offer(other)) == ("1.5.0", None)
    roll_out("1.4.0")
    assert (offer(station), offer(other)) == ("1.4.0", "1.4.0")


def test_a_rollout_is_for_a_part_of_the_zuilen_and_grows(database, new_station, roll_out):
    stations = [new_station() for _ in range(6)]
    percent = 30
    rollout = roll_out("1.4.0", percent=percent)
    for share in (percent, 60):
        for station in stations:
            expected = "1.4.0" if is_within(station.enrolment.kiosk, "1.4.0", share) else None
            assert offer(station) == expected
        if share == percent:
            change(database, rollout, widen, 60, 1)


def test_a_rollout_of_another_card_system_is_not_for_this_zuil(station, roll_out):
    roll_out("1.4.0", systems=[77])
    assert offer(station) is None
    roll_out("1.5.0", systems=[5, 77])
    assert offer(station) == "1.5.0"


def test_a_blocked_zuil_fetches_nothing(database, station, roll_out):
    from server.kiosks.models import Kiosk
    from server.kiosks.setup import block_kiosk

    roll_out("1.4.0")
    offer(station)
    url = station.config.release.url
    with database.writing() as session:
        block_kiosk(session, session.get_one(Kiosk, station.enrolment.kiosk))
    assert station.get(url).status_code == 403
    with pytest.raises(RefusalError):
        station.follow()


def test_only_what_a_trusted_key_signed_is_kept_and_once(database, bundles, tmp_path):
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    foreign = tiny_bundle(tmp_path / "foreign", "1.6.0", secret=OTHER_SECRET)
    other = tiny_bundle(tmp_path / "other", "1.4.0", "print(1)")
    with database.writing() as session:
        first = add_release(session, bundles["1.4.0"], [PUBLIC], now)
        assert add_release(session, bundles["1.4.0"], [PUBLIC], now).id == first.id
        for content, keys, why in (
            (foreign, [PUBLIC], "not signed with a key"),
            (bundles["1.5.0"], [], "trusts no key yet"),
            (bundles["1.5.0"][:-9], [PUBLIC], "no release"),
            (b"PK\x03\x04", [PUBLIC], "no release"),
            (b"", [PUBLIC], "no release"),
            (other, [PUBLIC], "is not the same"),
        ):
            with pytest.raises(ReleaseRefusedError, match=why):
                add_release(session, content, keys, now)
    with database.reading() as session:
        assert [one.version for one in session.exec(select(Release))] == ["1.4.0"]
