"""Zuil and server: four loops, each of which survives the failures of the others."""

from __future__ import annotations

import threading
import time
from functools import partial

import msgspec
import pytest

from device.adapters.entrusted import EntrustedFiles
from device.adapters.link import HttpLink
from device.core.clock import ServerClock
from device.core.health import Fault, Health
from device.core.loops import Loop
from device.core.sync import Sync
from device.core.tap import TapDesk, prepare
from device.ports import EntrustedError, LinkError
from fakes.wire_server import CODE, WireServer
from fakes.zuil import KEY, KNOWN_CHIP, UNKNOWN_CHIP, concert, row
from shared.domain.outcomes import Outcome
from shared.wire import problems
from shared.wire.cards import card_token
from shared.wire.messages import Changes, EnrolmentRequest, Heartbeat

WAIT = 10


def eventually(true):
    deadline = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)


@pytest.fixture
def server():
    with WireServer([row(KNOWN_CHIP, 1, points=12)]) as server:
        yield server


class Zuil:
    """The parts of a zuil that speak to the server."""

    def __init__(self, server, folder, cache, journal):
        self.cache, self.journal = cache, journal
        self.clock, self.health = ServerClock("boot"), Health()
        self.link = HttpLink(server.url, folder, self.clock, agent="zuil/test")
        self.link.enrol(EnrolmentRequest(code=CODE))
        self.configs = []
        self.sync = Sync(
            self.link,
            journal,
            cache,
            self.clock,
            self.health,
            entrusted=EntrustedFiles(folder, cache, self.link),
            configured=self.configs.append,
            dismissed=self.configs.clear,
            describe=self._heartbeat,
        )

    def _heartbeat(self):
        state, copied = self.journal.state(), self.cache.state()
        return Heartbeat(
            clock=self.clock.read().evidence,
            version="test",
            queue=state.queue,
            cursor=copied.cursor,
            config=copied.config,
        )

    def tap(self, times=1):
        desk = TapDesk(self.cache, self.journal, self.link, self.clock)
        setup = prepare(self.cache.config(), self.cache.former_keys())
        return [desk.take(KNOWN_CHIP, setup).outcome for _ in range(times)]

    def follow(self, steps=3):
        for _ in range(steps):
            self.sync.download_step()


@pytest.fixture
def zuil(server, tmp_path, empty_cache, journal):
    zuil = Zuil(server, tmp_path, empty_cache, journal)
    yield zuil
    zuil.link.network = False
    server.wake()
    zuil.sync.stop(0.2)
    zuil.link.close()


def test_a_new_zuil_gets_its_configuration_and_its_cards(zuil, server):
    zuil.follow()
    assert zuil.configs[-1].name == "Bib Aalst"
    assert zuil.cache.state().cards == 1
    assert zuil.cache.checksums() == {"1": server.checksum}


def test_after_a_snapshot_the_configuration_is_asked_again_for_its_check_ins(zuil, server):
    zuil.follow()
    asked = [name for _, name, _ in server.requests]
    assert asked.count("snapshots") == 1
    assert zuil.cache.state().config == "1"


def test_changes_are_followed_by_cursor(zuil, server):
    zuil.follow()
    server.change(row(UNKNOWN_CHIP, 3), row(KNOWN_CHIP, 1, points=20))
    zuil.follow(1)
    assert zuil.cache.card(card_token(KEY, UNKNOWN_CHIP)).passholder == 3
    assert zuil.cache.checksums() == {"1": server.checksum}


def test_a_difference_is_noticed_and_mended_with_a_fresh_snapshot(zuil, server):
    zuil.follow()
    with zuil.cache._writing:
        zuil.cache._writer.execute("UPDATE card_set SET checksum = '0123456789abcdef'")
    zuil.follow()
    assert zuil.cache.checksums() == {"1": server.checksum}
    assert [name for _, name, _ in server.requests].count("snapshots") == 2


def test_a_new_token_key_brings_a_fresh_snapshot_and_the_old_key_is_forgotten(zuil, server):
    zuil.follow()
    fresh = msgspec.structs.replace(server.config.systems[0], token_key=bytes(32))
    server.rows = {}
    server.change(row(KNOWN_CHIP, 1)._replace(token=card_token(bytes(32), KNOWN_CHIP)))
    server.configure(msgspec.structs.replace(server.config, version="2", systems=[fresh]))
    zuil.follow(4)
    assert zuil.cache.former_keys() == {}
    assert zuil.cache.checksums() == {"1": server.checksum}
    assert zuil.tap() == [Outcome.OK]


def switch_key(server):
    """Replace the token key, as a rotation does: cards and configuration at one position."""
    fresh = msgspec.structs.replace(server.config.systems[0], token_key=bytes(32))
    server.rows = {
        card_token(bytes(32), KNOWN_CHIP): row(KNOWN_CHIP, 1)._replace(
            token=card_token(bytes(32), KNOWN_CHIP)
        )
    }
    server.configure(msgspec.structs.replace(server.config, version="2", systems=[fresh]))


def test_a_key_that_is_replaced_between_the_configuration_and_the_snapshot_is_learned_before_its_cards(
    zuil, server, monkeypatch
):
    zuil.follow()
    offer, known = server.snapshots, []

    def switching():
        switch_key(server)
        monkeypatch.setattr(server, "snapshots", offer)
        return offer()

    replace = zuil.cache.replace
    monkeypatch.setattr(zuil.cache, "replace", lambda made: known.append(zuil.tap()) or replace(made))
    monkeypatch.setattr(server, "snapshots", switching)
    zuil.sync.resync(lambda _: None)
    zuil.sync.download_step()
    assert zuil.cache.config().systems[0].token_key == bytes(32)
    assert zuil.cache.former_keys() == {}
    assert known == [[Outcome.OK]], "with the cards of before it is found by the former key"
    assert zuil.tap() == [Outcome.MAXIMUM_REACHED], "and by the new one at once"


def test_cards_under_a_key_that_the_server_does_not_give_are_not_used(zuil, server, monkeypatch):
    zuil.follow()
    (offered,) = server.snapshots()
    monkeypatch.setattr(server, "snapshots", lambda: [msgspec.structs.replace(offered, key="of nobody")])
    zuil.sync.resync(lambda _: None)
    zuil.sync.download_step()
    assert zuil.cache.config().systems[0].token_key == KEY
    assert zuil.tap() == [Outcome.OK]


def test_an_older_server_does_not_say_which_key_and_is_believed(zuil, server, monkeypatch):
    (offered,) = server.snapshots()
    monkeypatch.setattr(server, "snapshots", lambda: [msgspec.structs.replace(offered, key="")])
    zuil.follow()
    assert zuil.tap() == [Outcome.OK]


def test_a_new_code_key_is_used_from_the_next_code_on(zuil, server):
    zuil.follow()
    server.configure(msgspec.structs.replace(server.config, version="2", code_key=b"n" * 32))
    zuil.follow(1)
    assert zuil.configs[-1].code_key == b"n" * 32


def test_taps_reach_the_server_once_and_in_order(zuil, server):
    zuil.follow()
    zuil.tap(5)
    zuil.sync.upload_step()
    assert [tap.outcome for tap in server.taps.values()] == ["ok"] + ["maximum_reached"] * 4
    assert zuil.journal.state().queue == 0


def test_a_lost_answer_is_asked_again_and_known(zuil, server):
    zuil.follow()
    zuil.tap(3)
    zuil.sync.upload_step()
    zuil.journal.send_again(1)
    zuil.sync.upload_step()
    assert (len(server.taps), len(server.uploads)) == (3, 2)


def test_a_server_restored_from_a_backup_gets_everything_again(zuil, server):
    zuil.follow()
    zuil.tap(4)
    zuil.sync.upload_step()
    server.taps.clear()
    server.resend_from = 2
    zuil.sync.heartbeat_step()
    zuil.sync.upload_step()
    assert len(server.taps) == 3


def test_a_refused_tap_is_parked_and_blocks_nothing(zuil, server):
    zuil.follow()
    zuil.tap(3)
    server.refuse = {2}
    zuil.sync.upload_step()
    state = zuil.journal.state()
    assert (state.queue, state.parked) == (0, 1)


def test_a_tap_that_no_server_can_read_is_found_and_parked(zuil, server):
    zuil.follow()
    zuil.tap(9)
    server.unreadable = {5}
    for _ in range(20):
        zuil.sync.upload_step()
    state = zuil.journal.state()
    assert (state.queue, state.parked, len(server.taps)) == (0, 1, 8)


def test_a_big_queue_goes_in_batches(zuil, server):
    server.configure(msgspec.structs.replace(server.config, version="2", upload_batch=10))
    zuil.follow()
    zuil.tap(35)
    while zuil.journal.state().queue:
        zuil.sync.upload_step()
    assert [len(upload.items) for upload in server.uploads] == [10, 10, 10, 5]


def test_the_heartbeat_teaches_the_time(zuil, server):
    server.time_shift = 100.0
    zuil.sync.heartbeat_step()
    assert abs(zuil.clock.read().now.timestamp() - time.time() - 100) < 1
    assert zuil.clock.read().evidence.offset == pytest.approx(100_000, abs=1000)
    assert zuil.cache.recall("heard") is not None


def test_a_change_at_the_server_is_here_within_two_seconds(zuil, server):
    zuil.sync.start()
    eventually(lambda: zuil.cache.state().cards == 1 and server.wakeups)
    begin = time.monotonic()
    server.configure(msgspec.structs.replace(server.config, version="2", name="Bib Gent"))
    eventually(lambda: zuil.configs[-1].name == "Bib Gent")
    assert time.monotonic() - begin < 2


def test_uploads_go_on_while_downloads_fail(zuil, server):
    zuil.follow()
    server.changes_fail = True
    zuil.sync.start()
    zuil.tap(2)
    zuil.sync.upload.wake()
    eventually(lambda: len(server.taps) == 2)
    assert zuil.sync.download.failures > 0


def test_a_network_that_comes_back_is_used_at_once(zuil, server):
    zuil.follow()
    zuil.link.network = False
    zuil.sync.start()
    eventually(lambda: zuil.sync.upload.failures or zuil.sync.heartbeat.failures)
    zuil.tap(1)
    zuil.link.network = True
    zuil.sync.wake()
    eventually(lambda: len(server.taps) == 1 and zuil.health.online)


def test_a_line_that_lets_one_loop_through_and_breaks_the_others_off_is_not_asked_without_a_pause(
    zuil, monkeypatch
):
    tries = []
    monkeypatch.setattr(zuil.sync.upload, "wake", lambda: tries.append(time.monotonic()))
    for _ in range(50):
        zuil.sync._unreachable(LinkError("broken off"))
        zuil.sync._reached()
    assert len(tries) == 1


def test_the_first_heartbeat_after_a_cut_line_tells_nothing_of_the_cut(zuil):
    zuil.sync._unreachable(LinkError("The server does not answer."))
    assert zuil.health.told() == []
    zuil.sync._unreachable(LinkError("The upload was refused.", again=False))
    assert zuil.health.told() == ["The upload was refused."], "a refusal is a fault as long as it lasts"
    zuil.sync._reached()
    assert zuil.health.told() == []


def test_a_blocked_zuil_says_so_and_still_hands_in_its_taps(zuil, server):
    zuil.follow()
    zuil.tap(1)
    error = LinkError("This zuil is blocked.", again=False, type_=problems.KIOSK_BLOCKED)
    zuil.sync._unreachable(error)
    assert Fault.BLOCKED in zuil.health.faults
    zuil.sync.upload_step()
    assert len(server.taps) == 1
    assert Fault.BLOCKED in zuil.health.faults


def test_a_damaged_cache_is_fetched_again(zuil, server, tmp_path):
    zuil.follow()
    zuil.cache.start_over()
    assert zuil.cache.state().cards == 0
    zuil.follow()
    assert zuil.tap() == [Outcome.OK]


def test_a_loop_with_a_bug_tries_again_ever_more_patiently():
    def step():
        raise ZeroDivisionError

    loop = Loop("odd", step, lambda error: None)
    pauses = [loop.turn() for _ in range(12)]
    assert pauses[0] < 1.5
    assert 60 < pauses[-1] <= 150


def test_a_loop_that_cannot_even_note_a_refusal_goes_on_and_tries_again():
    def step():
        raise LinkError("This zuil is blocked.", again=False)

    def note(error):
        raise EntrustedError("The disk is full.")

    loop = Loop("odd", step, note)
    assert loop.turn() < 2
    assert loop.failures == 1


def test_an_event_that_this_version_cannot_read_is_left_out():
    good = concert()
    calendar = msgspec.structs.replace(good.calendar, kind="lunar")
    strange = msgspec.structs.replace(good, id="strange", calendar=calendar)
    from fakes.zuil import NOW, config

    assert prepare(config(strange, good)).schedule.at(NOW).event.id == good.id


def test_two_refusals_in_a_row_wait_longer_than_a_lost_line():
    def step(again):
        raise LinkError("no", again=again)

    lost = Loop("lost", partial(step, again=True), lambda error: None)
    refused = Loop("refused", partial(step, again=False), lambda error: None)
    assert lost.turn() < 2 < refused.turn()


def test_a_server_that_asks_to_wait_is_left_alone_for_that_long():
    def step():
        raise LinkError("Too often.", again=True, pause=300)

    assert Loop("test", step, lambda _: None).turn() >= 200


def test_a_server_that_wants_a_snapshot_again_and_again_is_not_asked_without_end(zuil, server):
    server.changes = lambda query: Changes(cursor=server.cursor, snapshot_needed=True, config=server.config)
    waits = [zuil.sync.download_step() for _ in range(4)]
    assert waits[:2] == [0, 0]
    assert min(waits[2:]) >= 200
