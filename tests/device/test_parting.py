"""A zuil that destroyed its keys says so, once the server can hear it, whatever happened in between."""

from __future__ import annotations

import msgspec
import pytest

from device.adapters.cache import SqliteCache
from device.adapters.entrusted import EntrustedFiles
from device.adapters.link import HttpLink
from device.core.clock import ServerClock
from device.core.parting import PartingWord
from device.inspect import examine, status
from device.settings import load_settings
from fakes.virtual_zuil import VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import BLOCKED_CHIP, KNOWN_CHIP, row
from shared.wire.messages import EnrolmentRequest
from shared.wire.parting import parting_proof

FRESH = "FRSH2345"


@pytest.fixture
def server():
    with WireServer([row(KNOWN_CHIP, 1, points=12), row(BLOCKED_CHIP, 2)]) as server:
        yield server


@pytest.fixture
def zuil(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE).start()
    zuil.ready()
    yield zuil
    if zuil.process is not None and zuil.process.poll() is None:
        zuil.kill()


def gone(zuil):
    # The fault is shown a moment before it is noted.
    noted = zuil.state_dir / "standing"
    return noted.exists() and b'"erased"' in noted.read_bytes() and "E50" in zuil.state()["faults"]


def test_a_blocked_zuil_tells_that_it_is_empty(zuil, server):
    secret = server.secret
    server.block()
    zuil.eventually(lambda state: server.partings)
    (parting,) = server.partings
    assert parting.proof == parting_proof("zuil-7", secret)
    assert parting.command == ""
    assert parting.wiped.boot == parting.clock.boot
    assert parting.wiped.monotonic <= parting.clock.monotonic
    assert gone(zuil)
    assert not (zuil.state_dir / "credentials.json").exists()
    assert secret.encode() not in b"".join(
        path.read_bytes() for path in zuil.state_dir.rglob("*") if path.is_file()
    )


def test_a_command_to_wipe_hands_in_the_journal_first_and_is_confirmed_by_the_last_word(zuil, server):
    zuil.send("network", on=False)
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"
    zuil.send("network", on=True)
    id_ = server.order("wipe")
    zuil.eventually(lambda state: server.partings)
    assert [parting.command for parting in server.partings] == [id_]
    assert len(server.taps) == 1
    assert gone(zuil)
    assert not (zuil.state_dir / "commands.json").exists()
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "technical"


def test_a_wipe_that_was_ordered_goes_on_after_a_power_cut_though_the_server_blocks_nothing(zuil, server):
    take = server.take
    server.take = _busy
    zuil.tap(KNOWN_CHIP)
    server.order("wipe")
    zuil.eventually(lambda state: "E50" in state["faults"])
    assert (zuil.state_dir / "credentials.json").exists(), "the journal comes first"
    zuil.kill()
    server.take = take
    zuil.start()
    zuil.eventually(lambda state: server.partings)
    assert gone(zuil)
    assert len(server.taps) == 1


def _busy(_body):
    from fakes.wire_server import Refused

    raise Refused(503, "zuil:busy", "Later, please.")


def test_a_power_cut_before_it_was_heard_costs_nothing_but_time_and_then_it_is_said_no_more(zuil, server):
    server.hears_partings = False
    server.block()
    zuil.eventually(lambda state: "E50" in state["faults"] and gone(zuil))
    zuil.kill()
    assert "the server does not know that yet" in " ".join(status(zuil.state_dir))
    settings = load_settings(zuil.boot)
    assert "another code" in str(
        next(one for one in examine(settings, zuil.state_dir) if one.subject == "enrolment")
    )
    server.hears_partings = True
    zuil.start()
    zuil.eventually(lambda state: server.partings)
    assert gone(zuil)
    zuil.stop()
    assert "the server knows that" in " ".join(status(zuil.state_dir))
    asked = len(server.requests)
    zuil.start()
    zuil.eventually(lambda state: "E50" in state["faults"])
    zuil.stop()
    assert len(server.requests) == asked
    assert len(server.partings) == 1


@pytest.mark.slow
def test_a_zuil_that_got_another_code_before_it_could_say_so_does_not_say_it_any_more(zuil, server):
    server.hears_partings = False
    server.block()
    zuil.eventually(lambda state: "E50" in state["faults"] and gone(zuil))
    zuil.stop()
    server.blocked, server.hears_partings = False, True
    server.codes.add(FRESH)
    (zuil.boot / "zuil.toml").write_text(f'[server]\nurl = "{server.url}"\ncode = "{FRESH}"\n')
    server.away = True
    zuil.start()
    server.away = False
    zuil.ready()
    zuil.stop()
    zuil.start().ready()
    assert len(server.partings) <= 1
    assert zuil.state()["faults"] == []


@pytest.fixture
def erased(server, tmp_path, clock):
    link = HttpLink(server.url, tmp_path, ServerClock("boot"), agent="test")
    cache = SqliteCache(tmp_path / "cache.db")
    link.enrol(EnrolmentRequest(code=CODE))
    entrusted = EntrustedFiles(tmp_path, cache, link)
    entrusted.destroy()
    yield entrusted
    cache.close()
    link.close()


def test_the_moment_of_the_first_question_is_the_moment_of_the_wipe(erased, clock):
    entrusted = erased
    first = clock.read().evidence
    assert entrusted.parting(first).wiped == first
    clock.forward(hours=3)
    later = entrusted.parting(clock.read().evidence)
    assert (later.wiped, later.clock) == (first, clock.read().evidence)


def test_nothing_is_said_by_a_zuil_that_is_wanted(server, tmp_path, clock):
    link = HttpLink(server.url, tmp_path, ServerClock("boot"), agent="test")
    cache = SqliteCache(tmp_path / "cache.db")
    link.enrol(EnrolmentRequest(code=CODE))
    PartingWord(link, EntrustedFiles(tmp_path, cache, link), clock).turn()
    assert server.partings == []
    assert (
        msgspec.json.decode((tmp_path / "credentials.json").read_bytes())["consumer_secret"] == server.secret
    )
    cache.close()
    link.close()
