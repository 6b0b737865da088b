"""A whole zuil with a whole server, watched against the model: what is shown, written down and counted."""

from __future__ import annotations

import gc
import logging
import resource
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
import weakref
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis.stateful import RuleBasedStateMachine

from device.parts import StartError
from fakes.any_order import BY_NUMBER, LEASE, NOON, SLOWEST, STRANGER, TOLERANCE, connect
from fakes.fault_proxy import FaultProxy
from fakes.moment import Moment
from fakes.served import Served
from fakes.stepped_zuil import SteppedZuil
from fakes.zuil_model import POINTS, YESTERDAY, Cards, Model, Saved, Tap, outcome_of
from shared.wire.chain import GENESIS, chain_link
from shared.wire.messages import Tap as WireTap

_OURS = ("reader", "display", "technician", "lookup", "server", "feed publisher")


class WatchedZuil(RuleBasedStateMachine):
    """What is done and checked, whatever the rules are."""

    def __init__(self, world):
        super().__init__()
        self._patch = pytest.MonkeyPatch()
        # Pytest keeps every log line for its report, with the errors in it and all that they hold.
        self._patch.setattr(logging.root.manager, "disable", logging.CRITICAL)
        self._folder = Path(tempfile.mkdtemp(dir=world.disk))
        self._far = Path(tempfile.mkdtemp(prefix="zuil-server-"))
        self.is_small = world.is_small
        self.moment = Moment(NOON)
        self.moment.rule_the_server(self._patch)
        shutil.copytree(world.server, self._far / "server")
        self.server = Served(self._far / "server", self.moment, self._patch).start()
        self.proxy = FaultProxy(self.server).__enter__()
        self.proxy.carried = lambda: self.moment.pass_by(3 if self.slow else 0)
        connect(self.server, self.proxy)
        self.house = SteppedZuil(self._folder, self._far / "machine", self.moment, self._patch)
        shutil.copytree(world.zuil, self.house.state)
        self.code, self.slow, self.bad_disk = "", False, False
        self.model = Model([Cards(unclaimed=frozenset({STRANGER.number}))])
        self.place, self.waiting, self.backup = 0, [], None
        self.lost_cards = self.had_trouble = False
        self.lives = []

    # --- what is done ------------------------------------------------------------------------

    @property
    def zuil(self):
        return self.house.zuil

    def start(self):
        """Start it; on a full disk it may not start, but it does when there is room."""
        try:
            self.house.start(self.proxy.url, self.code)
        except StartError:
            assert self.bad_disk, "it starts"
            self.make_room()
            self.house.start(self.proxy.url, self.code)
        self.lives.append(weakref.ref(self.zuil.journal))

    def make_room(self):
        (self._folder / "filler").unlink()
        self.bad_disk = False

    def stop(self, *, clean=True):
        if clean:
            self.house.stop()
        else:
            self.house.kill()

    def restart(self, *, clean=True):
        self.stop(clean=clean)
        self.start()

    def presents(self, who, *sights, may_fail=False):
        """Hold one card against the reader, and check what the zuil says to it."""
        if self.house.reader.away or self.house.reader.hangs:
            return
        self.moment.pass_by(2)
        self.house.serve()
        before, reading = self.last_seq(), self.zuil.clock.read()
        self.is_certain = self.is_fair and not self.proxy.armed("lookup") and not may_fail
        allowed = {"technical"} if self.is_closed(reading) else self.may_show(who, reading)
        if may_fail or self.bad_disk:
            allowed.add("technical")
            self.had_trouble = True
        lit = len(self.house.lights.signals)
        answers = self.house.hold(*sights)
        assert len(answers) == 1, "a card that is held is one tap"
        shown, seq = answers[0].outcome.value, answers[0].result.seq
        assert shown in allowed, f"{who.name} read {shown}, not one of {sorted(allowed)}"
        assert answers[0].outcome.tone in self.house.lights.signals[lit:]
        assert (seq is None) == (shown == "technical"), "what is shown was written down"
        if seq is not None:
            # A write that failed may have reached the disk all the same.
            assert seq == before + 1 or (self.had_trouble and seq == before + 2), "no number is skipped"
            self.model.taps[seq] = self.tap_of(who, shown, self.written()[seq], reading)
            self.check_total(who, answers[0].result)

    def shows(self, sight, outcome):
        """Hold up something else than a card."""
        if self.house.reader.away or self.house.reader.hangs:
            return
        before = self.last_seq()
        assert [answer.outcome for answer in self.house.hold(sight)] == [outcome]
        assert self.last_seq() == before, "what is no card of ours is not written down"

    # --- what may be shown -------------------------------------------------------------------

    def is_closed(self, reading):
        """Whether nothing may be accepted: no configuration, blocked, or too long without the server."""
        late = self.is_late(reading)
        return late or self.house.is_told("E50") or self.zuil.kiosk.identified is None

    def is_late(self, reading):
        """Whether the server was not heard for longer than the lease; the zuil says so."""
        heard = self.zuil.health.heard
        late = heard is not None and reading.now.timestamp() - heard / 1000 > LEASE
        assert self.house.is_told("E40") == late or self.zuil.kiosk.identified is None
        return late

    def may_show(self, who, reading):
        at, knows_time = round(reading.now.timestamp() * 1000), reading.evidence.offset is not None
        known, found = self.model.knows(who), set()
        if known is not False:
            found |= self.model.may_show(who, at, reading.evidence.boot, knows_time=knows_time)
        if known is not True or self.lost_cards:
            found |= self.may_hear(who, at, reading.evidence.boot, knows_time=knows_time)
        return found

    def may_hear(self, who, at, boot, *, knows_time):
        """What may be said of a card that the zuil does not have: the server's word, or that it is noted."""
        noted = {"ended" if told.event == YESTERDAY else "queued_unknown" for told in self.model.told}
        if not self.zuil.health.online:
            return noted
        saved = self.model.saved[-1]
        saved = (*saved, *self.model.own(saved, boot, knows_time=knows_time))
        heard = {outcome_of(who, told, self.model.cards[-1], saved, at) for told in self.model.told}
        return heard if self.is_certain and not self.server.is_blocked else heard | noted

    @property
    def is_fair(self):
        return not self.proxy.weather and not self.slow

    def check_total(self, who, result):
        """The balance that is shown: the server's, and what is on its way there."""
        model = self.model
        is_plain = len(model.saved) == len(model.told) == len(model.cards) == 1 and not self.lost_cards
        if result.outcome != "ok" or not is_plain or model.forgotten or not model.knows(who):
            return
        seq = result.seq
        own = model.own(model.saved[-1], self.moment.boot_id, knows_time=True)
        mine = sum(POINTS[one.event] for one in own if one.reference == who.reference)
        assert result.total == model.balance(who.reference) + mine, (
            f"tap {seq}: {result.total} is not {model.balance(who.reference)} and {mine}"
        )

    # --- what is written down ----------------------------------------------------------------

    def tap_of(self, who, shown, wire, reading):
        clock = wire.clock
        later = clock.monotonic - reading.evidence.monotonic
        return Tap(
            who=who,
            event=wire.event,
            shown=shown,
            true=round((self.moment.true - self.moment.monotonic()) * 1000) + clock.monotonic,
            believed=round(reading.now.timestamp() * 1000) + later,
            wall=clock.wall,
            boot=clock.boot,
            knew_time=clock.offset is not None,
        )

    def last_seq(self):
        return max(self.written(), default=0)

    def written(self):
        """The journal as it lies on the disk: its chain holds, and no number is skipped."""
        with closing(sqlite3.connect(f"file:{self.house.state / 'journal.db'}?mode=ro", uri=True)) as file:
            rows = file.execute("SELECT seq, payload, chain FROM tap ORDER BY seq").fetchall()
            marks = dict(file.execute("SELECT name, value FROM mark").fetchall())
        link, expected = marks["pruned_chain"] or GENESIS, marks["pruned"] + 1
        for seq, payload, chain in rows:
            link = chain_link(link, payload)
            assert (seq, chain) == (expected, link)
            expected += 1
        return {seq: msgspec.json.decode(payload, type=WireTap) for seq, payload, _ in rows}

    # --- what arrived ------------------------------------------------------------------------

    def observe(self):
        """Take note of what arrived at the server, and check what it made of it."""
        for row in self.server.rows(self.place):
            self.place = row.place
            self.judge(row)
        if self.house.is_running:
            through = self.zuil.journal.state().through
            self.model.undone |= {seq for seq in self.model.noted if seq <= through}

    def judge(self, row):
        tap = self.model.taps.get(row.seq)
        who = BY_NUMBER[row.number] if row.number else tap.who
        if row.seq is not None:
            assert tap is not None or self.had_trouble, "only what was written down arrives"
            if tap is not None:
                self.check_arrival(row, tap)
        if row.number is None:
            assert row.verdict == "noted"
            self.waiting.append(row.id)
            return
        self.check_verdict(row, who)

    def check_arrival(self, row, tap):
        assert (row.shown, row.event) == (tap.shown, tap.event)
        if tap.knew_time or tap.boot == self.moment.boot_id:
            # Who was not told the time yet sent when it arrived, as far as anyone knows: slow lines are late.
            late = 0 if tap.knew_time else SLOWEST
            assert -TOLERANCE < row.at - tap.true < TOLERANCE + late, "the true moment is known"
        else:
            # A boot that never heard the server leaves what the zuil believed; nothing is yet to come.
            assert abs(row.at - min(tap.believed, row.received)) < TOLERANCE, (
                "and then it is what it believed"
            )

    def check_verdict(self, row, who):
        """First arrival takes the point."""
        expected = self.model.truth(who, row.event, row.at)
        granted = expected == "ok"
        assert (row.outcome, row.verdict) == (expected, "granted" if granted else "noted"), (
            f"{who.name}, tap {row.seq}"
        )
        if granted:
            assert row.points == POINTS[row.event]
            self.model.arrives(Saved(who.reference, row.event, row.at, row.seq))
        elif row.seq is not None:
            self.model.noted.add(row.seq)

    def settle_waiting(self):
        """Check what became of visits with a card that nobody had, now that the jobs were done."""
        rows = {row.id: row for row in self.server.rows()}
        ready = [rows[waits] for waits in self.waiting if rows[waits].number]
        for row in sorted(ready, key=lambda row: row.at):
            self.waiting.remove(row.id)
            self.check_verdict(row, BY_NUMBER[row.number])

    def look_whether_in_step(self):
        """Where the zuil proves to have all that the server has, it may no longer be behind."""
        self.observe()
        if self.is_in_step():
            self.model.in_step()
            self.lost_cards = False

    def is_in_step(self):
        if self.server.is_blocked or self.zuil.journal.state().queue or not self.zuil.link.enrolled:
            return False
        cursor, version, sums = self.server.newest()
        cards = self.zuil.cache.state()
        same = {system: sum_ for system, sum_ in sums.items() if sum_.strip("0")}
        return (cards.cursor, cards.config) == (cursor, version) and self.zuil.cache.checksums() == same

    # --- the end -----------------------------------------------------------------------------

    def heal(self):
        """Mend network, hardware and standing; then everything must come right by itself."""
        self.proxy.weather, self.slow = "", False
        self.proxy.calm()
        self.house.board.gone = False
        shutil.rmtree(self.house.sys, ignore_errors=True)
        if self.bad_disk:
            self.make_room()
        self.house.reader.away = False
        for _ in range(30):
            if self.house.stop_asked.is_set():
                self.restart()
            if self.server.is_blocked or not self.zuil.link.enrolled:
                # Somebody puts a fresh code on the card: nothing else makes a blocked zuil a zuil again.
                self.code = self.server.unblock()
                self.restart()
            self.house.go_on(150)
            self.server.do_jobs()
            self.observe()
            self.settle_waiting()
            # A code that a restored server never heard of stops nothing; somebody takes it off the card.
            if self.is_in_step() and not [one for one in self.zuil.health.told() if "This code" not in one]:
                return
        raise AssertionError(
            f"it does not come right: {self.zuil.health.told()}, {self.zuil.journal.state()}"
        )

    def check_everything(self):
        arrived = {}
        for row in self.server.rows():
            if row.seq is not None:
                assert row.seq not in arrived, f"tap {row.seq} is there twice"
                arrived[row.seq] = row
        for seq, tap in self.model.taps.items():
            assert seq in arrived, f"tap {seq} of {tap.who.name} was {tap.shown} and never arrived"
        for reference, (balance, ledger) in self.server.balances().items():
            assert balance == ledger == self.model.balance(reference)
        assert not [gap for gap in self.server.gaps() if gap[0] == "chain" or gap[1] == "open"]
        assert self.server.refused() == []
        assert self.zuil.journal.state().parked == 0

    def teardown(self):
        failed = sys.exc_info()[0] is not None
        try:
            if self.house.is_running and not failed:
                self.heal()
                self.check_everything()
        finally:
            self.house.stop()
            self.proxy.__exit__()
            self.server.stop()
            self._patch.undo()
            shutil.rmtree(self._far)
            shutil.rmtree(self._folder)
        if not failed:
            self.check_leaks()

    def check_leaks(self):
        deadline = time.monotonic() + 5
        while left := [one.name for one in threading.enumerate() if one.name.startswith(_OURS)]:
            assert time.monotonic() < deadline, f"these threads live on: {left}"
            threading.Event().wait(0.005)
        self.house = None
        gc.collect()
        assert not [life for life in self.lives if life() is not None], "a zuil that stopped is still there"


@contextmanager
def file_limit(size):
    """Let no file grow beyond `size` bytes: a write is cut off there, and the next one is an error."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
