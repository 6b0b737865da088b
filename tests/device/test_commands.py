"""What the server orders: done once, whatever happens in between, and answered."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest

from device.adapters.notebook import CommandFile
from device.core.commands import Commands
from device.core.notes import DeedError, NotedCommand, NotesError, Told
from device.ports import LinkError
from fakes.moments import Cut, PowerCut
from fakes.virtual_zuil import VirtualZuil
from fakes.wire_server import CODE, WireServer
from fakes.zuil import BLOCKED_CHIP, KNOWN_CHIP, UNKNOWN_CHIP, UnreachableLink, row
from shared.domain.commands import CommandKind, CommandOutcome
from shared.domain.numbers import parse_chip_number
from shared.domain.zones import to_millis
from shared.wire import problems
from shared.wire.cards import card_token
from shared.wire.messages import Command, Receipt

CHIPS = [f"04{number:012X}" for number in range(1, 9)]
DONE = Told(CommandOutcome.DONE)


class HearingLink(UnreachableLink):
    """A server that hears reports, unless it is away or does not want them."""

    def __init__(self):
        self.reports, self.trouble = [], None

    def report(self, command_id, report):
        if self.trouble is not None:
            raise self.trouble
        self.reports.append((command_id, report))
        return Receipt()


class Machine:
    """A zuil that keeps its notes in a folder; `again` is the next start of its program."""

    def __init__(self, folder, clock, deeds):
        self.folder, self.clock, self.deeds = folder, clock, deeds
        self.link = HearingLink()
        self.commands = self._start()

    def _start(self):
        return Commands(self.link, CommandFile(self.folder), self.clock, self.deeds)

    def again(self, boot="test"):
        self.clock.boot = boot
        self.commands = self._start()
        self.commands.turn()

    def order(self, kind, id_="1", minutes=10):
        expires = to_millis(self.clock.now) + minutes * 60_000
        self.commands.take([Command(id=id_, kind=kind, expires=expires)])
        self.commands.turn()

    @property
    def heard(self):
        return [(id_, report.outcome) for id_, report in self.link.reports]


@pytest.fixture
def done():
    return []


@pytest.fixture
def machine(tmp_path, clock, done):
    deeds = {
        CommandKind.IDENTIFY: lambda id_: done.append(id_) or DONE,
        CommandKind.REBOOT: done.append,
        CommandKind.RESTART: done.append,
        CommandKind.RESYNC: done.append,
    }
    return Machine(tmp_path, clock, deeds)


def test_a_command_is_done_once_however_often_it_comes(machine, done):
    for _ in range(3):
        machine.order("identify")
    machine.again()
    machine.order("identify")
    assert done == ["1"]
    assert machine.heard == [("1", "done")]


def test_a_report_that_did_not_arrive_is_sent_again_after_a_restart_too_and_nothing_is_done_again(
    machine, done
):
    machine.link.trouble = LinkError("The server cannot be reached.")
    machine.order("identify")
    machine.commands.turn()
    machine.again()
    assert machine.heard == []
    machine.link.trouble = None
    machine.order("identify")
    assert done == ["1"]
    assert machine.heard == [("1", "done")]


@pytest.mark.parametrize(
    ("type_", "heard"), [(problems.TOO_LARGE, []), ("", [("1", "done")])], ids=["our server", "a proxy"]
)
def test_a_server_that_cannot_read_a_report_is_not_bothered_again_but_a_proxy_is_not_believed(
    machine, done, type_, heard
):
    machine.link.trouble = LinkError("Too large.", again=False, type_=type_, status=413)
    machine.order("identify")
    machine.link.trouble = None
    machine.commands.turn()
    assert (done, machine.heard) == (["1"], heard)


def test_a_reboot_is_noted_before_it_happens_and_confirmed_by_the_boot_after_it_and_never_repeated(
    machine, done
):
    machine.order("reboot")
    assert machine.heard == []
    machine.again("second boot")
    machine.order("reboot")
    machine.again("third boot")
    machine.order("reboot")
    assert done == ["1"]
    assert machine.heard == [("1", "done")]


def test_a_reboot_after_which_the_machine_is_the_same_has_failed(machine):
    machine.order("reboot")
    machine.again()
    ((_, report),) = machine.link.reports
    assert (report.outcome, report.sentence) == ("failed", "The zuil started anew, the machine did not.")


def test_a_restart_is_confirmed_by_the_next_start(machine, done):
    machine.order("restart")
    machine.again()
    assert (done, machine.heard) == (["1"], [("1", "done")])


def test_what_was_broken_off_is_told_as_failed_and_not_begun_again(machine, done):
    machine.order("resync")
    machine.again("second boot")
    machine.order("resync")
    assert (done, machine.heard) == (["1"], [("1", "failed")])


def test_what_takes_its_time_is_told_when_it_ends(machine):
    machine.order("resync")
    machine.commands.conclude("1", Told(CommandOutcome.DONE, "12 cards."))
    machine.commands.conclude("1", Told(CommandOutcome.FAILED))
    machine.commands.conclude("another", DONE)
    machine.commands.turn()
    ((_, report),) = machine.link.reports
    assert (report.outcome, report.sentence) == ("done", "12 cards.")


def test_a_kind_that_is_not_known_is_refused_with_a_sentence(machine):
    machine.order("make-coffee")
    ((_, report),) = machine.link.reports
    assert report.outcome == "refused"
    assert "knows no command 'make-coffee'" in report.sentence


def test_a_command_that_comes_too_late_is_not_begun(machine, done):
    machine.order("identify", minutes=-1)
    assert (done, machine.heard) == ([], [("1", "refused")])


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DeedError("The server said no."), "failed"),
        (DeedError("Not here.", CommandOutcome.REFUSED), "refused"),
        (ZeroDivisionError(), "failed"),
    ],
)
def test_a_deed_that_goes_wrong_is_told_and_the_next_one_is_done(machine, done, error, outcome):
    def fail(_):
        raise error

    machine.deeds["fail"] = fail
    machine.order("fail", "1")
    machine.order("identify", "2")
    assert machine.heard == [("1", outcome), ("2", "done")]


def test_what_cannot_be_noted_is_not_begun(machine, done, monkeypatch):
    def full(*_):
        raise NotesError("No space left on device.")

    monkeypatch.setattr(CommandFile, "write", full)
    machine.order("reboot")
    assert done == []
    monkeypatch.undo()
    machine.commands.turn()
    assert done == ["1"]


@pytest.mark.parametrize("kind", ["identify", "reboot"])
@pytest.mark.parametrize("moment", range(1, 9))
def test_a_power_cut_at_any_write_never_does_it_twice_and_it_is_answered(
    machine, done, monkeypatch, kind, moment
):
    with monkeypatch.context() as cutting, suppress(PowerCut):
        Cut(cutting, moment)
        machine.order(kind)
    machine.again("second boot")
    machine.order(kind)
    machine.again("third boot")
    assert len(done) <= 1
    assert {id_ for id_, _ in machine.heard} == {"1"}
    ((_, report), *again) = machine.link.reports
    if kind != "reboot":  # which a power cut does as well
        assert (report.outcome == "done") <= (len(done) == 1)
    assert {one.outcome for _, one in again} <= {report.outcome}


def test_notes_are_forgotten_a_day_after_the_server_can_give_the_command_again(machine, clock):
    machine.order("identify", "1")
    clock.forward(days=2)
    machine.order("identify", "2")
    assert [note.command.id for note in CommandFile(machine.folder).read()] == ["2"]


def test_damaged_notes_are_begun_anew(tmp_path):
    notes = CommandFile(tmp_path)
    notes.write([NotedCommand(Command(id="1", kind="identify", expires=1))])
    (tmp_path / "commands.json").write_bytes((tmp_path / "commands.json").read_bytes()[:-3])
    assert notes.read() == []
    note = NotedCommand(
        Command(id="1", kind="logs", expires=1), told=Told(CommandOutcome.DONE, "x", b"\x00\xff")
    )
    notes.write([note])
    assert notes.read() == [note]


# --- a real zuil --------------------------------------------------------------------------------


@pytest.fixture
def server():
    rows = [row(KNOWN_CHIP, 1, points=12), row(BLOCKED_CHIP, 2, 5)]
    with WireServer([*rows, *(row(chip, number) for number, chip in enumerate(CHIPS, 10))]) as server:
        yield server


@pytest.fixture
def zuil(server, tmp_path):
    zuil = VirtualZuil(tmp_path, server.url, CODE).start()
    zuil.ready()
    zuil.eventually(lambda state: server.heartbeats and server.wakeups)
    yield zuil
    if zuil.process.poll() is None:
        zuil.kill()


def reported(zuil, server, kind, **more):
    """Order something and wait for the report."""
    id_ = server.order(kind, **more)
    zuil.eventually(lambda state: server.reported(id_))
    (report,) = server.reported(id_)
    return report


def test_a_zuil_does_at_once_what_the_stream_brings(zuil, server):
    report = reported(zuil, server, "identify")
    assert report.outcome == "done"
    zuil.eventually(lambda state: "Bib Aalst" in state["headline"])


def test_the_screen_comes_as_the_picture_that_is_on_the_display(zuil, server):
    report = reported(zuil, server, "show-screen")
    assert report.outcome == "done"
    assert report.result.startswith(b"\x89PNG")
    assert len(report.result) < 5_000


def test_the_self_test_asks_every_part(zuil, server):
    report = reported(zuil, server, "self-test")
    assert (report.outcome, report.sentence) == ("done", "All 10 parts are fine.")
    lines = report.result.decode().splitlines()
    assert [line[:3] for line in lines] == ["ok "] * 10
    assert zuil.state()["last_seq"] == 0, "nothing is written down"


def test_a_resync_fetches_every_card_anew(zuil, server):
    fetched = len([name for _, name, _ in server.requests if name.startswith("snapshots/")])
    report = reported(zuil, server, "resync")
    assert (report.outcome, report.sentence) == ("done", "10 cards were fetched anew.")
    assert len([name for _, name, _ in server.requests if name.startswith("snapshots/")]) > fetched


def test_fresh_credentials_are_fetched_and_used(zuil, server):
    before = server.secret
    assert reported(zuil, server, "rotate-key").outcome == "done"
    assert server.secret != before


def test_the_log_that_is_sent_says_nothing_of_people(zuil, server):
    for chip in (KNOWN_CHIP, BLOCKED_CHIP, UNKNOWN_CHIP, *CHIPS):
        assert zuil.tap(chip)["outcome"]
    zuil.send("network", on=False)
    zuil.tap(UNKNOWN_CHIP)
    zuil.send("network", on=True)
    zuil.eventually(lambda state: state["queue"] == 0)
    report = reported(zuil, server, "send-logs")
    text = report.result.decode()
    assert "The server orders: send-logs." in text
    for chip in (KNOWN_CHIP, BLOCKED_CHIP, UNKNOWN_CHIP, *CHIPS):
        assert parse_chip_number(chip).lower() not in text.lower()
        token = card_token(bytes(range(32)), chip)
        assert f"{token % 2**64:016x}" not in text
        assert str(token) not in text


def test_a_restart_ends_the_program_and_its_next_start_confirms_it(zuil, server):
    id_ = server.order("restart")
    assert zuil.process.wait(20) == 0
    zuil.start().ready()
    zuil.eventually(lambda state: server.reported(id_))
    assert [report.outcome for report in server.reported(id_)] == ["done"]
    zuil.eventually(lambda state: state["ready"])


def test_a_virtual_zuil_refuses_a_reboot_and_goes_on(zuil, server):
    report = reported(zuil, server, "reboot")
    assert report.outcome == "refused"
    assert "no machine" in report.sentence
    assert zuil.tap(KNOWN_CHIP)["outcome"] == "ok"


def test_a_zuil_that_is_told_of_another_configuration_confirms_it_at_once(zuil, server):
    server.configure(msgspec.structs.replace(server.config, version="2", name="Bib"))
    zuil.eventually(lambda state: server.heartbeats[-1].config == "2", seconds=5)
