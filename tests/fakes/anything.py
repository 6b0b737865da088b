"""Everything that can happen to a zuil, to its server and around them, as rules that check as they go."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from device.ports import Sight
from fakes.any_order import (
    AN,
    ANS_KEY,
    BOB,
    DAY,
    ELSEWHERE,
    EVERYBODY,
    GROUP,
    STRANGER,
    connect,
    give_card,
)
from fakes.fault_proxy import FAULTS
from fakes.stepped_zuil import card
from fakes.watched_zuil import WatchedZuil, file_limit
from fakes.zuil_model import FILM, LIBRARY, YESTERDAY
from server.checkins.counter_checkin import Desk, counter_checkin

PHONE = Sight(frozenset({b"\x08\x01\x02\x03"}))
HALF = Sight(half_read=True)
MESSAGES = (
    "enrolments",
    "changes",
    "snapshots",
    "snapshots/",
    "taps",
    "lookup",
    "heartbeat",
    "stream",
    "credentials",
)
QUICK_FAULTS = sorted(set(FAULTS) - {"delayed"})
WEATHER = ("", "", "lost", "reply lost", "duplicated", "portal", "500", "429", "garbage", "slow")
FIVE_WEEKS = timedelta(days=35)
people, messages, faults = map(st.sampled_from, (EVERYBODY, MESSAGES, QUICK_FAULTS))


class Anything(WatchedZuil):
    """Rules are what can happen."""

    @initialize()
    def begin(self):
        self.start()
        self.go_on(1)

    # --- at the reader -----------------------------------------------------------------------

    @rule(who=people)
    def tap(self, who):
        self.presents(who, card(who.chip))

    @rule(who=people)
    def hold_for_long(self, who):
        self.presents(who, *[card(who.chip)] * 5)

    @rule(who=people)
    def tap_and_pull_away_early(self, who):
        self.presents(who, HALF, card(who.chip), HALF)

    @rule(who=people)
    def tap_twice(self, who):
        self.presents(who, card(who.chip))
        self.presents(who, card(who.chip))

    @rule(one=people, other=people)
    def two_cards_and_then_a_phone(self, one, other):
        if one is not other:
            self.shows(card(one.chip, other.chip), "two_cards")
            self.shows(PHONE, "foreign_card")

    @precondition(lambda self: not self.bad_disk)
    @rule(who=people, room=st.sampled_from((0, 1, 24, 4096, 4121, 5000)))
    def tap_while_the_disk_fails(self, who, room):
        """Each file of the zuil can still grow by `room` bytes; then it gives an error, in mid-write."""
        log = self.house.state / "journal.db-wal"
        with file_limit(log.stat().st_size + room if log.exists() else room):
            self.presents(who, card(who.chip), may_fail=True)

    # --- at the counter ----------------------------------------------------------------------

    @rule(event=st.sampled_from((LIBRARY, FILM, YESTERDAY)))
    def choose_event(self, event):
        self.server.put_event(event)
        self.model.decide(event=event)

    @rule(volume=st.integers(1, 2), period=st.sampled_from(("DAY", "WEEK")))
    def set_limit(self, period, volume):
        self.server.set_event(LIBRARY, limit_volume=volume, limit_period=period)
        self.model.decide(volume=volume, period=period)

    @rule(who=st.sampled_from((AN, BOB, ANS_KEY, GROUP)))
    def block_or_return_a_card(self, who):
        blocked = self.model.cards[-1].blocked ^ {who.number}
        self.server.set_card(who.number, state="BLOCKED" if who.number in blocked else "ACTIVE")
        self.model.decide_cards(blocked=blocked)

    @precondition(lambda self: self.model.cards[-1].unclaimed)
    @rule()
    def the_stranger_gets_his_card(self):
        with self.server.acting() as session:
            give_card(session, STRANGER)
        self.model.decide_cards(unclaimed=frozenset())

    @rule(who=st.sampled_from((AN, BOB, ELSEWHERE)), event=st.sampled_from((LIBRARY, FILM)))
    def save_at_the_counter(self, who, event):
        with self.server.acting() as session:
            counter_checkin(session, Desk(1, None), who.number, event, self.moment.now)

    @rule()
    def do_the_jobs(self):
        self.server.do_jobs()
        self.settle_waiting()

    @rule()
    def name_the_zuil(self):
        self.server.set_kiosk(identify=self.place + 1)

    @precondition(lambda self: not self.server.is_blocked)
    @rule()
    def block_the_zuil(self):
        self.server.block()

    @precondition(lambda self: self.server.is_blocked)
    @rule()
    def let_the_zuil_in_again(self):
        self.code = self.server.unblock()
        # They went with its keys; until they are fetched, which a full disk prevents, it asks or notes.
        self.lost_cards = True
        self.restart()

    @precondition(lambda self: not self.has_backup)
    @rule()
    def back_the_server_up(self):
        file = self._far / "backup.db"
        self.observe()
        self.server.back_up(file)
        model = self.model
        known = (model.cards[-1], model.told[-1], model.saved[-1], set(model.noted))
        self.backup = (file, known, self.place, list(self.waiting))
        self.backed_up = self.moment.now

    @property
    def has_backup(self):
        """Whether there is one of less than five weeks old: with it no tap is lost (`docs/operations.md`)."""
        return self.backup is not None and self.moment.now - self.backed_up < FIVE_WEEKS

    @precondition(lambda self: self.has_backup)
    @rule()
    def restore_the_server(self):
        file, (cards, told, saved, noted), self.place, self.waiting = self.backup
        self.server.restore(file)
        connect(self.server, self.proxy)
        self.model.goes_back(cards, told, saved)
        self.model.noted, self.backup = noted, None

    # --- what rarely falls together by itself ------------------------------------------------

    @rule(who=people, message=st.sampled_from(("taps", "taps", "changes", "lookup")), fault=faults)
    def hand_in_a_tap_over_a_bad_line(self, who, message, fault):
        self.proxy.break_next(message, fault)
        self.presents(who, card(who.chip))
        self.go_on(3)
        self.presents(who, card(who.chip))

    @rule(message=st.sampled_from(("snapshots", "snapshots/", "credentials", "heartbeat")), fault=faults)
    def get_fresh_keys_over_a_bad_line_that_breaks(self, message, fault):
        self.server.fresh_keys()
        self.do_the_jobs()
        self.proxy.break_next(message, fault, times=9)
        self.go_on(40)
        self.proxy.weather = "lost"
        self.presents(AN, card(AN.chip))
        self.proxy.weather = ""

    @precondition(lambda self: not self.server.is_blocked)
    @rule(fault=faults)
    def block_the_zuil_while_it_cannot_hand_in(self, fault):
        self.proxy.break_next("taps", fault, 3)
        self.presents(BOB, card(BOB.chip))
        self.server.block()
        self.go_on(40)
        self.presents(AN, card(AN.chip))

    @precondition(lambda self: not self.has_backup)
    @rule(who=people)
    def tap_after_the_backup_that_is_put_back(self, who):
        self.back_the_server_up()
        self.presents(who, card(who.chip))
        self.go_on(3)
        self.restore_the_server()
        self.go_on(40)

    @rule(who=st.sampled_from((AN, BOB)))
    def save_here_without_a_network_and_at_the_counter(self, who):
        self.proxy.weather = "lost"
        self.presents(who, card(who.chip))
        self.save_at_the_counter(who, LIBRARY)
        self.proxy.weather = ""
        self.choose_event(FILM)
        self.go_on(400)
        self.presents(who, card(who.chip))

    # --- the network -------------------------------------------------------------------------

    @rule(weather=st.sampled_from(WEATHER))
    def the_network_becomes(self, weather):
        self.slow = weather == "slow"
        self.proxy.weather = "" if self.slow else weather

    @rule(message=messages, fault=faults, times=st.integers(1, 3))
    def some_messages_meet(self, message, fault, times):
        self.proxy.break_next(message, fault, times)

    @rule(seconds=st.sampled_from((0, 3, 40, 400)))
    def go_on(self, seconds):
        self.house.go_on(seconds)
        self.look_whether_in_step()

    # --- time and power ----------------------------------------------------------------------

    @rule(seconds=st.sampled_from((3_600, DAY, 8 * DAY, 20 * DAY, 40 * DAY)))
    def time_goes_by(self, seconds):
        self.moment.pass_by(seconds)
        self.house.serve()
        self.is_late(self.zuil.clock.read())

    @rule(error=st.sampled_from((-3_600, 3_600, -400 * DAY, 2 * DAY, 0)))
    def somebody_sets_the_clock(self, error):
        self.moment.wall_error = error

    @rule(clean=st.booleans())
    def start_anew(self, clean):
        self.restart(clean=clean)

    @rule(year=st.sampled_from((None, 1970, 2019, 2036)))
    def the_power_fails(self, year):
        """The machine starts anew; without a battery its clock begins in whatever year."""
        self.stop(clean=False)
        self.moment.pass_by(60)
        self.moment.boot()
        there = self.moment.now
        self.moment.wall_error = 0 if year is None else (there.replace(year=year) - there).total_seconds()
        self.start()

    # --- hardware ----------------------------------------------------------------------------

    @precondition(lambda self: not self.house.reader.away and not self.house.reader.hangs)
    @rule()
    def pull_the_reader(self):
        self.house.reader.pull()
        self.house.until(lambda: self.house.is_told("E10"), "E10")

    @precondition(lambda self: self.house.reader.away)
    @rule()
    def plug_the_reader_in(self):
        self.house.reader.away = False
        self.house.until(lambda: not self.house.is_told("E10"), "the end of E10")

    @precondition(lambda self: not self.house.reader.away and not self.house.reader.hangs)
    @rule(stubborn=st.booleans())
    def the_reader_hangs(self, stubborn):
        self.house.reader.stubborn = stubborn
        self.house.reader.hang()
        self.house.go_on(6)
        if stubborn:
            assert self.house.is_told("E11")
            self.house.go_on(20)
            self.house.go_on(40)
            assert self.house.stop_asked.is_set(), "a reader that hangs on has the zuil started anew"
            self.restart()
        else:
            self.house.until(lambda: not self.house.is_told("E10"), "the reset")
            self.house.reader.rest()
            self.house.go_on(3)
            assert not self.house.is_told("E11")

    @rule(gone=st.booleans())
    def the_display(self, gone):
        self.house.board.gone = gone

    @rule(low=st.booleans())
    def the_power_supply(self, low):
        sensor = self.house.sys / "class/hwmon/hwmon0"
        sensor.mkdir(parents=True, exist_ok=True)
        (sensor / "name").write_text("rpi_volt\n")
        (sensor / "in0_lcrit_alarm").write_text(f"{int(low)}\n")
        self.house.go_on(3)
        assert self.house.is_told("E72") == low

    @precondition(lambda self: self.is_small and not self.bad_disk)
    @rule()
    def the_disk_is_full(self):
        self.bad_disk = True
        with (self._folder / "filler").open("wb") as file, suppress(OSError):
            disk = os.statvfs(self._folder)
            os.posix_fallocate(file.fileno(), 0, disk.f_bavail * disk.f_frsize)

    @precondition(lambda self: self.bad_disk)
    @rule()
    def the_disk_has_room_again(self):
        self.make_room()

    @precondition(lambda self: not self.bad_disk)
    @rule(at=st.integers(0, 40))
    def the_cards_are_damaged(self, at):
        """The cache is found with rubbish in it; the journal is another test's subject."""
        self.stop(clean=True)
        file = self.house.state / "cache.db"
        content = bytearray(file.read_bytes())
        content[at * 997 % len(content) : at * 997 % len(content) + 600] = b"\xa5" * 600
        file.write_bytes(content)
        self.lost_cards = True
        self.start()

    @invariant()
    def what_arrived_is_right(self):
        if self.house.is_running:
            self.observe()
            self.written()
