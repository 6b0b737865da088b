"""Releases beside each other: tried, proven or left, with the power cut at any moment."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest

from device.adapters.releases import ShelvedReleases
from device.adapters.shelf import DRAFT, Failure, Plan, Shelf, Wanted
from device.launcher import MOST_ATTEMPTS, Start, begin, fail, main, promote
from device.ports import ReleaseError
from fakes.powercut import every_cut, record
from fakes.releases import OTHER_PUBLIC, OTHER_SECRET, PUBLIC, tiny_bundle
from shared.domain.releases import FACTORY

ROOT = Path(__file__).parents[2]
GOOD, BAD = "1.4.0", "1.5.0"
SECONDS = 20

PROVES = """
import os, sys, time
from pathlib import Path
folder = Path(os.environ["ZUIL_RELEASES"])
with (folder.parent / "started").open("a") as file:
    file.write(os.environ["ZUIL_RELEASE"] + " " + os.environ.get("ZUIL_TRIAL", "-") + "\\n")
if "ZUIL_TRIAL" in os.environ:
    import json
    (folder / "healthy").write_text(json.loads((folder / "plan").read_text())["trial_order"])
while not (folder.parent / "end").exists():
    time.sleep(0.02)
sys.exit(7)
"""
HANGS = """
import os, signal, time
from pathlib import Path
(Path(os.environ["ZUIL_RELEASES"]) / "unproven").write_text("BAD  reader: no answer")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
time.sleep(600)
"""


def releases_in(state, running=FACTORY, keys=(PUBLIC,)):
    factory = {"journal": 1, "cache": 1}
    return ShelvedReleases(state, state / "releases", running, keys, None, factory=factory)


def put(state, version, main="", running=FACTORY, **recipe):
    """Install a tiny release in a state directory."""
    file = state.parent / f"{version}-{len(list(state.parent.iterdir()))}.zuil"
    file.write_bytes(tiny_bundle(file.with_suffix(".tree"), version, main, **recipe))
    releases_in(state, running).install(file, version, lambda: None)
    return file


@pytest.fixture
def state(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    return state


@pytest.fixture
def shelf(state):
    return Shelf(state / "releases")


def try_release(shelf, version, order):
    shelf.want(Wanted(version, order, ("reader",)))
    return begin(shelf)


def prove(shelf, order):
    shelf.prove(order)
    promote(shelf)


def test_a_zuil_without_releases_runs_what_stands_on_its_card(shelf):
    assert begin(shelf) == Start(FACTORY)


def test_a_release_that_proves_itself_runs_from_then_on(state, shelf):
    put(state, GOOD)
    assert try_release(shelf, GOOD, "1.1") == Start(GOOD, "1.1", ("reader",))
    prove(shelf, "1.1")
    assert shelf.plan() == Plan(current=GOOD, previous=FACTORY, order="1.1")
    assert begin(shelf) == Start(GOOD)


def test_a_release_that_never_proves_itself_is_begun_three_times_and_then_left(state, shelf):
    put(state, GOOD)
    try_release(shelf, GOOD, "1.1")
    prove(shelf, "1.1")
    put(state, BAD)
    starts = [try_release(shelf, BAD, "2.1"), *(begin(shelf) for _ in range(MOST_ATTEMPTS))]
    assert [start.version for start in starts] == [BAD, BAD, BAD, GOOD]
    failed = shelf.plan().failed
    assert (failed.version, failed.order) == (BAD, "2.1")
    assert begin(shelf) == Start(GOOD)


def test_the_same_order_is_not_tried_again_and_another_one_is(state, shelf):
    put(state, BAD)
    try_release(shelf, BAD, "2.1")
    fail(shelf, "Not good.")
    assert try_release(shelf, BAD, "2.1") == Start(FACTORY)
    assert try_release(shelf, BAD, "2.2").version == BAD


def test_a_mark_of_an_earlier_trial_does_not_speak_for_the_next(state, shelf):
    put(state, GOOD)
    put(state, BAD)
    try_release(shelf, GOOD, "1.1")
    prove(shelf, "1.1")
    shelf.prove("1.1")
    assert try_release(shelf, BAD, "2.1") == Start(BAD, "2.1", ("reader",))
    assert begin(shelf) == Start(BAD, "2.1", ("reader",))


def test_going_back_is_a_trial_too(state, shelf):
    put(state, GOOD)
    try_release(shelf, GOOD, "1.1")
    prove(shelf, "1.1")
    assert try_release(shelf, FACTORY, "back") == Start(FACTORY, "back", ("reader",))
    prove(shelf, "back")
    assert begin(shelf) == Start(FACTORY)


def damage(shelf, version):
    (shelf.place(version) / "device/formats.py").write_text("FORMATS = ")


def test_a_release_that_the_card_damaged_gives_way_to_the_one_before_it(state, shelf):
    for number, version in enumerate((GOOD, BAD), 1):
        put(state, version)
        try_release(shelf, version, f"{number}.1")
        prove(shelf, f"{number}.1")
    damage(shelf, BAD)
    assert begin(shelf) == Start(GOOD)
    damage(shelf, GOOD)
    assert begin(shelf) == Start(FACTORY)
    # Fetched anew, it can be tried anew, and is no way back to itself.
    put(state, BAD)
    assert try_release(shelf, BAD, "2.2").version == BAD
    prove(shelf, "2.2")
    assert shelf.plan().previous == GOOD


def test_a_release_that_is_damaged_before_its_trial_is_not_tried(state, shelf):
    put(state, GOOD)
    damage(shelf, GOOD)
    assert try_release(shelf, GOOD, "1.1") == Start(FACTORY)
    assert shelf.plan().failed == Failure(GOOD, "1.1", "It is damaged on the SD card.")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"current": 1}', b"\xff\xfe"])
def test_a_damaged_plan_never_keeps_a_zuil_from_starting(state, shelf, content):
    put(state, GOOD)
    (state / "releases/plan").write_bytes(content)
    (state / "releases/wanted").write_bytes(content)
    assert begin(shelf) == Start(GOOD)


def test_releases_of_no_use_any_more_are_removed_and_the_one_before_is_kept(state, shelf):
    for number, version in enumerate(("1.0.0", "1.1.0", "1.2.0", "1.3.0"), 1):
        put(state, version)
        if number < 4:
            try_release(shelf, version, f"{number}.1")
            prove(shelf, f"{number}.1")
    (state / f"releases/1.9.0{DRAFT}").mkdir()
    releases_in(state, "1.2.0").tidy("1.3.0")
    left = {entry.name for entry in (state / "releases").iterdir() if entry.is_dir()}
    assert left == {"1.1.0", "1.2.0", "1.3.0"}


def test_only_a_signed_release_is_put_down_and_a_broken_one_leaves_nothing(state):
    with pytest.raises(ReleaseError, match="not signed with a key") as refused:
        put(state, GOOD, secret=OTHER_SECRET)
    assert refused.value.refused
    whole = state.parent / "whole.zuil"
    whole.write_bytes(tiny_bundle(state.parent / "tree", GOOD)[:-40])
    with pytest.raises(ReleaseError):
        releases_in(state).install(whole, GOOD, lambda: None)
    put(state, GOOD).rename(whole)
    with pytest.raises(ReleaseError, match=r"not 1\.4\.1"):
        releases_in(state).install(whole, "1.4.1", lambda: None)
    assert not (state / f"releases/{GOOD}{DRAFT}").exists()
    assert not (state / "releases/1.4.1").exists()


def test_a_key_is_replaced_by_a_release_under_the_old_one_that_names_the_next(state):
    put(state, GOOD, keys=[PUBLIC, OTHER_PUBLIC])
    put(state, "1.5.0", running=GOOD, secret=OTHER_SECRET, keys=[OTHER_PUBLIC])
    assert releases_in(state, GOOD).holds("1.5.0")
    with pytest.raises(ReleaseError, match="not signed"):
        put(state, "1.6.0", running="1.5.0")
    assert not releases_in(state).holds("1.5.0")


def test_a_release_that_would_leave_no_way_back_is_refused_before_the_switch(state):
    formats = {"journal": (2, 2), "cache": (1, 1)}
    put(state, GOOD, formats=formats)
    with pytest.raises(ReleaseError, match="would write a journal that this version cannot read") as refused:
        releases_in(state).check(GOOD)
    assert refused.value.refused
    put(state, "1.3.0", formats={"journal": (1, 2), "cache": (1, 1)})
    releases_in(state).check("1.3.0")


def test_a_release_that_cannot_read_the_journal_here_is_refused_before_the_switch(state):
    import sqlite3

    with sqlite3.connect(state / "journal.db") as file:
        file.execute("PRAGMA user_version = 3")
    file.close()
    put(state, GOOD)
    for version in (GOOD, FACTORY):
        with pytest.raises(ReleaseError, match="cannot read the journal as it is here"):
            releases_in(state).check(version)


# --- power cuts ------------------------------------------------------------------------------

STORY = """
import sys
from pathlib import Path
from device.adapters.releases import ShelvedReleases
from device.adapters.shelf import Shelf, Wanted
from device.launcher import begin, promote
from fakes.releases import PUBLIC

state = Path(sys.argv[1])
shelf = Shelf(state / "releases")
for version, order in (("1.4.0", "1.1"), ("1.5.0", "2.1")):
    releases = ShelvedReleases(state, state / "releases", shelf.plan().current, (PUBLIC,), None)
    releases.install(state.parent / f"{version}.zuil", version, lambda: None)
    releases.want(version, order, ("reader",))
    assert begin(shelf).version == version
    if version == "1.4.0":
        shelf.prove(order)
        promote(shelf)
assert [begin(shelf).version for _ in range(3)] == ["1.5.0", "1.5.0", "1.4.0"]
"""


def go_on(state, bundles):
    """Start after a power cut and live on: 1.4.0 is good, 1.5.0 is not; return what was started."""
    shelf = Shelf(state / "releases")
    started = []
    for _ in range(20):
        start = begin(shelf)
        assert shelf.is_whole(start.version)
        started.append(start.version)
        plan = shelf.plan()
        if start.order:
            if start.version == GOOD:
                prove(shelf, start.order)
            continue
        version, order = (BAD, "2.1") if plan.current == GOOD else (GOOD, "1.1")
        if plan.failed and plan.failed.order == order:
            return started
        releases = releases_in(state, plan.current)
        if not releases.holds(version):
            releases.install(bundles / f"{version}.zuil", version, lambda: None)
        releases.want(version, order, ("reader",))
    raise AssertionError(f"it never came to rest: {started}")


def test_whenever_the_power_is_cut_a_whole_release_starts_and_all_comes_to_the_same_end(tmp_path):
    for version in (GOOD, BAD):
        (tmp_path / f"{version}.zuil").write_bytes(tiny_bundle(tmp_path / f"tree-{version}", version))
    state = tmp_path / "state"
    state.mkdir()
    cuts = 0
    # In memory: what is found was settled before, and going on from it flushes thousands of times.
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        for _, found in every_cut(record(state, STORY), state, Path(folder)):
            go_on(found, tmp_path)
            plan = Shelf(found / "releases").plan()
            assert (plan.current, plan.previous) == (GOOD, FACTORY)
            assert (plan.failed.version, plan.trial) == (BAD, "")
            cuts += 1
    assert cuts > 150


# --- the process -------------------------------------------------------------------------------


def launch(state, seconds=SECONDS):
    environment = {**os.environ, "ZUIL_TRIAL_SECONDS": str(seconds)}
    return subprocess.Popen(
        [sys.executable, "-m", "device.launcher", "run", "--state", str(state)],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def until(ready):
    deadline = time.monotonic() + SECONDS
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


class Systemd:
    """Starts the launcher anew whenever it ends."""

    def __init__(self, state, seconds):
        self.state, self.seconds, self.ends = state, seconds, []
        self.process = launch(state, seconds)

    def until(self, ready):
        def look():
            if self.process.poll() is not None:
                self.ends.append(self.process.wait())
                self.process = launch(self.state, self.seconds)
            return ready()

        until(look)

    def end(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def started(state):
    file = state / "started"
    return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def running(state, shelf):
    """A zuil that runs a good release, with another one wanted."""
    put(state, GOOD, PROVES)
    try_release(shelf, GOOD, "1.1")
    prove(shelf, "1.1")
    supervised = []

    def start(main, seconds=SECONDS):
        put(state, BAD, main)
        shelf.want(Wanted(BAD, "2.1", ("reader", "server")))
        supervised.append(Systemd(state, seconds))
        return supervised[0]

    yield start
    for one in supervised:
        one.end()


def test_a_release_that_proves_itself_stays_until_it_ends_by_itself(state, shelf, running):
    systemd = running(PROVES)
    systemd.until(lambda: shelf.plan().current == BAD)
    assert started(state) == [f"{BAD} reader,server"]
    (state / "end").touch()
    assert systemd.process.wait(SECONDS) == 7


@pytest.mark.parametrize("main", ["import not_there\n", "import sys\nsys.exit(2)\n"])
def test_a_release_that_does_not_start_is_left_within_seconds(state, shelf, running, main):
    systemd = running(main)
    systemd.until(lambda: started(state))
    assert started(state) == [f"{GOOD} -"]
    assert shelf.plan().failed.version == BAD
    assert systemd.ends == [1, 1, 1], "never 2: that would leave it dark"
    assert systemd.process.poll() is None


def test_a_release_that_hangs_is_ended_in_time_and_its_last_words_are_kept(state, shelf, running):
    running(HANGS, seconds=1).until(lambda: started(state))
    assert started(state) == [f"{GOOD} -"]
    assert "not healthy within 1 seconds. BAD  reader: no answer" in shelf.plan().failed.reason


def test_a_zuil_that_is_told_to_stop_in_the_middle_of_a_trial_stops_and_the_trial_goes_on_later(
    state, shelf, running
):
    systemd = running("import time\ntime.sleep(600)\n")
    until(lambda: shelf.plan().trial == BAD)
    systemd.process.terminate()
    systemd.process.wait(SECONDS)
    assert shelf.plan().trial == BAD
    assert begin(shelf).version == BAD


def test_root_runs_nothing_that_the_user_of_the_zuil_could_have_written(state, shelf, monkeypatch):
    put(state, GOOD)
    try_release(shelf, GOOD, "1.1")
    prove(shelf, "1.1")
    started = []
    monkeypatch.setattr(os, "execve", lambda *call: started.append(call[2]["ZUIL_RELEASE"]) or sys.exit())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    owner = [os.stat_result([0o40700, 0, 0, 0, 999, 0, 0, 0, 0, 0])]
    monkeypatch.setattr(Path, "stat", lambda path, **_: owner[0])
    for _ in range(2):
        with pytest.raises(SystemExit):
            main(["--verbose", "doctor", "--state", str(state)])
        owner[0] = os.stat_result([0o40700, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    assert started == [FACTORY, GOOD]


def test_a_release_uses_the_libraries_it_brought(state, shelf):
    wheel = state.parent / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("thing/__init__.py", "ABOUT = 'brought along'\n")
    put(state, GOOD, "import thing; print(thing.ABOUT)", wheels=[wheel])
    try_release(shelf, GOOD, "1.1")
    prove(shelf, "1.1")
    done = subprocess.run(
        [sys.executable, "-m", "device.launcher", "status", "--state", str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "brought along"


def test_other_commands_run_under_the_release_that_runs(state, shelf, running):
    put(state, "1.6.0", "import sys, device; print(device.VERSION, *sys.argv[1:])")
    try_release(shelf, "1.6.0", "3.1")
    prove(shelf, "3.1")
    done = subprocess.run(
        [sys.executable, "-m", "device.launcher", "status", "--state", str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1.6.0", "status", "--state", str(state)]
