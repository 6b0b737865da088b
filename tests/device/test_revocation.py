"""A blocked zuil hands in what it has, destroys what it was given, and can become a zuil again."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest

from device.adapters.cache import SqliteCache
from device.adapters.entrusted import EntrustedFiles, finish_erasing
from device.adapters.journal import SqliteJournal
from device.adapters.link import HttpLink
from device.core.clock import ServerClock
from device.ports import Standing
from fakes.moments import Cut, PowerCut
from fakes.virtual_zuil import VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import BLOCKED_CHIP, KEY, KNOWN_CHIP, row, usual_changes
from shared.wire.messages import Clock, EnrolmentRequest
from shared.wire.parting import parting_proof

FRESH = "FRSH2345"
CLOCK = Clock(wall=1, monotonic=1, boot="boot")


@pytest.fixture
def server():
    with WireServer([row(KNOWN_CHIP, 1, points=12), row(BLOCKED_CHIP, 2)]) as server:
        yield server


@pytest.fixture
def zuil(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE)
    yield zuil
    if zuil.process is not None and zuil.process.poll() is None:
        zuil.kill()


def traces(state):
    """Every file in the state directory in which a key, a secret or a card's token can be read."""
    token = row(KNOWN_CHIP).token.to_bytes(8, "big", signed=True)
    return {
        path.name
        for path in state.rglob("*")
        if path.is_file() and any(word in path.read_bytes() for word in (b"consumer_secret", KEY, token))
    }


def gone(zuil):
    return not (zuil.state_dir / "credentials.json").exists() and "E50" in zuil.state()["faults"]


def test_a_blocked_zuil_hands_in_its_journal_and_then_destroys_keys_and_cards(zuil, server):
    zuil.start().ready()
    zuil.send("network", on=False)
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
    server.block()
    zuil.send("network", on=True)
    zuil.eventually(lambda state: state["screen"] == "out_of_order" and gone(zuil))
    assert [tap.outcome for tap in server.taps.values()] == ["ok"]
    state = zuil.state()
    assert (state["queue"], state["cards"], state["config"]) == (0, 0, "")
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "technical"
    zuil.eventually(lambda state: server.partings)
    assert zuil.stop() == 0
    assert traces(zuil.state_dir) == set()


def test_a_zuil_that_was_off_when_it_was_blocked_goes_the_same_way(zuil, server):
    zuil.start().ready()
    zuil.send("network", on=False)
    zuil.tap(KNOWN_CHIP)
    zuil.kill()
    server.block()
    zuil.start()
    zuil.eventually(lambda state: gone(zuil))
    assert len(server.taps) == 1


def test_a_blocked_zuil_whose_journal_cannot_be_handed_in_keeps_it_and_takes_nothing_new(zuil, server):
    zuil.start().ready()
    zuil.send("network", on=False)
    zuil.tap(KNOWN_CHIP)
    server.unreadable = set()
    server.take = _busy
    server.block()
    zuil.send("network", on=True)
    zuil.eventually(lambda state: "E50" in state["faults"])
    zuil.kill()
    zuil.start()
    state = zuil.eventually(lambda state: "E50" in state["faults"] and state["screen"] == "out_of_order")
    assert state["queue"] == 1
    assert zuil.tap(BLOCKED_CHIP)["outcome"] == "technical"
    del server.take
    zuil.eventually(lambda state: gone(zuil), seconds=30)
    assert len(server.taps) == 1


def _busy(_body):
    from fakes.wire_server import Refused

    raise Refused(503, "zuil:busy", "Later, please.")


def test_a_zuil_that_is_allowed_again_in_time_goes_on(zuil, server):
    zuil.start().ready()
    zuil.send("network", on=False)
    zuil.tap(KNOWN_CHIP)
    server.take = _busy
    server.block()
    zuil.send("network", on=True)
    zuil.eventually(lambda state: "E50" in state["faults"])
    zuil.stop()
    server.blocked = False
    del server.take
    zuil.start()
    zuil.eventually(lambda state: state["ready"] and "E50" not in state["faults"])
    assert zuil.tap(BLOCKED_CHIP)["outcome"] == "ok"


def test_another_code_makes_it_a_zuil_again_and_its_journal_goes_on(zuil, server):
    zuil.start().ready()
    zuil.tap(KNOWN_CHIP)
    zuil.eventually(lambda state: state["queue"] == 0)
    server.block()
    zuil.eventually(lambda state: gone(zuil))
    zuil.stop()

    asked = len(server.requests)
    zuil.start()
    zuil.eventually(lambda state: state["screen"] == "out_of_order" and "E50" in state["faults"])
    assert "E30" not in zuil.state()["faults"]
    zuil.stop()
    assert len(server.requests) == asked, "the void code was tried again"

    server.blocked = False
    server.codes.add(FRESH)
    (zuil.boot / "zuil.toml").write_text(f'[server]\nurl = "{server.url}"\ncode = "{FRESH}"\n')
    zuil.start().ready()
    assert zuil.state()["faults"] == []
    assert zuil.tap(BLOCKED_CHIP)["seq"] == 2
    zuil.eventually(lambda state: state["queue"] == 0)
    assert server.enrolments[-1].last_seq == 1
    zuil.stop()
    zuil.start().ready()


def test_another_code_on_the_card_of_a_working_zuil_gives_it_other_credentials(zuil, server):
    zuil.start().ready()
    zuil.tap(KNOWN_CHIP)
    zuil.stop()
    before = (zuil.state_dir / "credentials.json").read_bytes()
    (zuil.boot / "zuil.toml").write_text(f'[server]\nurl = "{server.url}"\ncode = "{FRESH}"\n')

    zuil.start().ready()
    zuil.eventually(lambda state: any("unknown, used or expired" in fault for fault in state["faults"]))
    assert "E30" not in zuil.state()["faults"], "a refused code takes nothing from who has credentials"
    zuil.stop()

    server.codes.add(FRESH)
    zuil.start()
    zuil.eventually(lambda state: (zuil.state_dir / "credentials.json").read_bytes() != before)
    zuil.ready()
    assert zuil.tap(BLOCKED_CHIP)["seq"] == 2
    zuil.eventually(lambda state: state["queue"] == 0)


class Parts:
    """The files of a zuil, opened as `bootstrap` opens them."""

    def __init__(self, server, folder):
        finish_erasing(folder)
        self.journal = SqliteJournal(folder / "journal.db")
        self.cache = SqliteCache(folder / "cache.db")
        self.link = HttpLink(server.url, folder, ServerClock("boot"), agent="test")
        self.entrusted = EntrustedFiles(folder, self.cache, self.link)

    def close(self):
        with suppress(PowerCut):
            self.cache.close()
        self.journal.close()
        self.link.close()


@pytest.mark.parametrize("moment", range(1, 40))
def test_a_power_cut_at_any_point_only_makes_it_take_longer(server, tmp_path, monkeypatch, moment):
    parts = Parts(server, tmp_path)
    parts.link.enrol(EnrolmentRequest(code=CODE))
    parts.cache.apply(usual_changes())
    parts.journal.append("tap", b"{}", None)
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots" / "1-x.part").write_bytes(KEY)
    parts.entrusted.block()
    with monkeypatch.context() as cutting, suppress(PowerCut):
        Cut(cutting, moment)
        parts.entrusted.destroy()
    parts.close()

    with monkeypatch.context() as cutting, suppress(PowerCut):
        Cut(cutting, max(1, moment // 2))
        finish_erasing(tmp_path)

    parts = Parts(server, tmp_path)
    if parts.entrusted.standing is Standing.BLOCKED:
        assert parts.link.enrolled, "it was not begun; the server will say again that it is blocked"
        parts.entrusted.destroy()
    assert parts.entrusted.standing is Standing.ERASED
    assert parts.entrusted.is_void(CODE)
    assert not parts.link.enrolled
    assert parts.entrusted.parting(CLOCK).proof == parting_proof("zuil-7", server.secret)
    assert parts.cache.state().cards == 0
    assert [item.seq for item in parts.journal.pending(10).items] == [1]
    parts.close()
    assert traces(tmp_path) == set()


def test_fresh_credentials_are_taken_when_the_server_asks_for_it(zuil, server):
    zuil.start().ready()
    zuil.eventually(lambda state: server.heartbeats)
    before = server.secret
    server.renew = True
    zuil.stop()
    zuil.start().ready()
    zuil.eventually(lambda state: server.secret != before)
    kept = msgspec.json.decode((zuil.state_dir / "credentials.json").read_bytes())
    assert kept["consumer_secret"] == server.secret
    zuil.stop()
    zuil.start().ready()
    zuil.tap(KNOWN_CHIP)
    zuil.eventually(lambda state: state["queue"] == 0)
