"""Taking a release: slowly, between taps, when it is quiet and the server hears it, and each offer once."""

import hashlib
import threading
import time

import httpx
import pytest

from device import VERSION
from device.adapters.download import download_release
from device.core.proving import Proving
from device.core.selftest import Finding
from device.core.updating import Pace, Updating
from device.ports import FailedRelease, LinkError, ReleaseError, ReleaseStanding
from shared.wire.messages import ReleaseOffer

OFFER = ReleaseOffer(id="7.1", version="9.0.0", size=10, unpacked=100, sha256="", url="/x", quiet_seconds=120)


class FakeReleases:
    """The releases of a zuil, in memory. refuses: why a release cannot run here."""

    def __init__(self):
        self.trial = None
        self.running, self.order, self.before, self.failed = "9.9.9", "", "factory", None
        self.room, self.held, self.wanted, self.tidied, self.unproven = True, set(), [], [], ""
        self.refuses = self.broken = ""

    def standing(self):
        return ReleaseStanding(self.running, self.order, self.before, self.failed)

    def has_room(self, needed):
        self.needed = needed
        return self.room

    def holds(self, version):
        return version in self.held

    def install(self, bundle, version, pause):
        pause()
        if self.broken:
            raise ReleaseError(self.broken, refused=True)
        self.held.add(version)

    def check(self, version):
        if self.refuses:
            raise ReleaseError(self.refuses, refused=True)

    def want(self, version, order, good):
        self.wanted.append((version, order, good))

    def prove(self):
        self.trial = None

    def tell_unproven(self, text):
        self.unproven = text

    def tidy(self, keep):
        self.tidied.append(keep)


class FakeTest:
    """A self-test of which the bad parts are named."""

    def __init__(self):
        self.bad = set()

    def findings(self, subjects):
        return [Finding(subject not in self.bad, subject, "so it is") for subject in subjects]


class House:
    """An updating zuil of which a test decides everything around it."""

    def __init__(self, folder):
        self.releases, self.test = FakeReleases(), FakeTest()
        self.quiet, self.online, self.restarts, self.fetched, self.told = 1_000.0, True, 0, 0, 0
        self.folder = folder
        self.updating = Updating(
            self.releases,
            self,
            quiet=lambda: self.quiet,
            test=self.test,
            announce=self.announce,
            told=self.tell,
            restart=self.restart,
        )

    def tell(self):
        self.told += 1

    def announce(self):
        self.said = self.step
        if not self.online:
            raise LinkError("No network.")

    def restart(self):
        self.restarts += 1

    def fetch_release(self, offer, pace):
        self.fetched += 1
        pace(offer.size)
        bundle = self.folder / "bundle"
        bundle.write_bytes(b"")
        return bundle

    def turn(self, offer=OFFER, withdrawn=()):
        self.updating.follow(offer, withdrawn)
        return self.updating.turn()

    @property
    def step(self):
        return self.updating.report.step


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


def test_a_release_is_fetched_put_down_announced_and_tried(house):
    house.turn()
    assert house.fetched == 1
    assert house.releases.needed == OFFER.size + OFFER.unpacked
    assert house.said == "switching"
    ((version, order, good),) = house.releases.wanted
    assert (version, order) == ("9.0.0", "7.1")
    assert {"reader", "storage", "decision", "server", "sync"} <= set(good)
    assert house.restarts == 1
    assert not (house.folder / "bundle").exists()


def test_what_was_broken_before_is_not_asked_of_the_new_one_but_the_journal_always_is(house):
    house.test.bad = {"reader", "storage", "sync"}
    house.turn()
    good = house.releases.wanted[0][2]
    assert "reader" not in good
    assert {"storage", "sync"} <= set(good)


def test_it_waits_until_nobody_tapped_for_a_while(house):
    house.quiet = 50.0
    assert 60 < house.turn() <= 70
    assert (house.step, house.restarts) == ("ready", 0)
    house.quiet = 121.0
    house.turn()
    assert house.restarts == 1
    assert house.fetched == 1


def test_it_does_not_switch_while_the_server_does_not_hear_it(house):
    house.online = False
    house.turn()
    assert (house.step, house.releases.wanted, house.restarts) == ("ready", [], 0)
    house.online = True
    house.turn()
    assert house.restarts == 1


def test_without_room_it_says_so_and_tries_again_later(house):
    house.releases.room = False
    house.turn()
    assert house.step == "refused"
    assert "not enough room" in house.updating.report.sentence
    house.releases.room = True
    house.turn()
    assert house.restarts == 1


@pytest.mark.parametrize("why", ["broken", "refuses"])
def test_a_release_that_cannot_be_is_fetched_once_for_each_offer(house, why):
    setattr(house.releases, why, "It cannot.")
    for _ in range(3):
        house.turn()
    assert (house.step, house.updating.report.sentence) == ("refused", "It cannot.")
    assert (house.fetched, house.restarts) == (1, 0)
    setattr(house.releases, why, "")
    house.turn(ReleaseOffer(id="7.2", version="9.0.0", size=1, unpacked=1, sha256="", url="/x"))
    assert house.restarts == 1


def test_an_offer_that_failed_is_not_tried_again_and_the_next_try_is(house):
    house.releases.failed = FailedRelease("9.0.0", "7.1", "It was not healthy.")
    house.releases.held = {"9.0.0"}
    house.turn()
    assert (house.step, house.updating.report.sentence) == ("failed", "It was not healthy.")
    assert house.restarts == 0
    house.turn(ReleaseOffer(id="7.2", version="9.0.0", size=1, unpacked=1, sha256="", url="/x"))
    assert house.restarts == 1


def test_who_runs_the_offered_release_says_so_and_tidies_up(house):
    house.turn(ReleaseOffer(id="8.1", version=VERSION, size=1, unpacked=1, sha256="", url="/x"))
    assert (house.step, house.restarts) == ("done", 0)
    assert house.releases.tidied == [VERSION]


def test_who_runs_a_withdrawn_release_goes_back_unless_there_is_another_to_take(house):
    house.releases.before = "0.0.9"
    house.turn(None, [VERSION])
    assert house.releases.wanted[0][:2] == ("0.0.9", f"back from {VERSION}")
    house.turn(OFFER, [VERSION])
    assert house.releases.wanted[1][:2] == ("9.0.0", "7.1")
    house.turn(None, ["8.8.8"])
    assert house.restarts == 2


def test_going_back_ends_at_the_program_of_the_card_and_never_goes_in_circles(house):
    house.releases.before = "0.0.9"
    house.turn(None, ["0.0.9", VERSION])
    assert house.releases.wanted[0][0] == "factory"
    house.releases.running = "factory"
    house.turn(None, ["0.0.9", VERSION, "0.0.8"])
    assert len(house.releases.wanted) == 1


def test_on_trial_nothing_else_is_taken(house):
    house.releases.trial = ("reader",)
    house.turn()
    assert house.fetched == 0


def test_a_zuil_that_its_launcher_did_not_start_refuses_with_the_reason(house):
    alone = Updating(
        None,
        house,
        quiet=lambda: 1_000.0,
        test=house.test,
        announce=house.announce,
        told=house.tell,
        restart=house.restart,
    )
    alone.follow(OFFER, [])
    alone.turn()
    assert alone.report.step == "refused"
    assert "zuil-launch" in alone.report.sentence


def test_a_download_keeps_to_its_speed_and_stands_still_while_people_tap():
    begin, waited = time.monotonic(), []
    pace = Pace(100_000, lambda: waited.append(1), threading.Event())
    for _ in range(10):
        pace(2_000)
    assert 0.15 < time.monotonic() - begin < 1
    assert len(waited) == 10


def test_a_download_ends_when_the_zuil_stops_even_in_the_middle_of_waiting_for_people(house):
    house.quiet = 0.0
    house.updating.start()
    house.updating.follow(OFFER, [])
    deadline = time.monotonic() + 5
    while not house.fetched and time.monotonic() < deadline:
        time.sleep(0.01)
    house.updating.end()
    house.updating.join(5)
    assert not house.updating.is_alive()
    assert house.restarts == 0


# --- the file ------------------------------------------------------------------------------------

CONTENT = bytes(range(256)) * 400


class Line:
    """A line that breaks off after some bytes, before a server that knows ranges."""

    def __init__(self, content=CONTENT):
        self.content, self.cut, self.asked = content, None, []

    def __call__(self, headers):
        begin = int(headers["Range"].removeprefix("bytes=").rstrip("-")) if "Range" in headers else 0
        self.asked.append(begin)
        return httpx.Response(206 if begin else 200, headers={"ETag": '"x"'}, stream=_Cut(self, begin))


class _Cut(httpx.SyncByteStream):
    def __init__(self, line, begin):
        self.line, self.begin = line, begin

    def __iter__(self):
        end = self.begin + (self.line.cut or len(CONTENT))
        for first in range(self.begin, min(end, len(self.line.content)), 1_000):
            yield self.line.content[first : first + 1_000]
        if self.line.cut:
            raise httpx.ReadError("The line broke.")


def described(content=CONTENT):
    digest = hashlib.sha256(content).hexdigest()
    return ReleaseOffer(id="1.1", version="9.0.0", size=len(content), unpacked=1, sha256=digest, url="/x")


def test_a_download_goes_on_where_the_line_broke(tmp_path):
    line, told = Line(), []
    line.cut = 40_000
    (tmp_path / "an-older-one.zuil").write_bytes(b"")
    for _ in range(2):
        with pytest.raises(httpx.ReadError):
            download_release(described(), tmp_path, line, told.append)
    line.cut = None
    whole = download_release(described(), tmp_path, line, told.append)
    assert whole.read_bytes() == CONTENT
    assert line.asked == [0, 40_000, 80_000]
    assert sum(told) == len(CONTENT)
    assert [path.name for path in tmp_path.iterdir()] == [whole.name]


def test_what_is_not_what_the_server_described_is_thrown_away(tmp_path):
    line = Line(CONTENT[:-1] + b"?")
    with pytest.raises(LinkError, match="not what the server described"):
        download_release(described(), tmp_path, line, lambda _: None)
    assert list(tmp_path.glob("*.part")) == []


# --- the proof -----------------------------------------------------------------------------------


def test_a_release_is_proven_when_all_that_is_asked_was_good_for_some_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("device.core.proving.time.monotonic", lambda: now[0])
    releases, test, proven = FakeReleases(), FakeTest(), []
    releases.trial = ("reader", "server")
    proving = Proving(releases, test, lambda: proven.append(1))

    def turn(seconds, *bad):
        now[0] += seconds
        test.bad = set(bad)
        return proving.turn()

    turn(1, "server", "display")
    assert releases.unproven == "BAD  server: so it is"
    turn(1, "display")
    turn(4, "display")
    turn(0.5, "reader")
    turn(0.5)
    turn(4)
    assert proven == [], "never good for five seconds on end"
    turn(2)
    assert proven == [1]
    assert releases.trial is None
    assert turn(1) > 60
