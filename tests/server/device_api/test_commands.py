"""What people order of a zuil, as the zuil hears it, and what it reports of it."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from sqlmodel import select

from fakes.scene import add_kiosk
from fakes.station import RefusalError, Station, clock
from server.device_api.stream import EventStream
from server.feed.wakeup import Touched, decode_touched
from server.jobs.purge import purge_expired
from server.kernel.audit import AuditEntry
from server.kernel.errors import ProblemError
from server.kiosks.closing import COMMAND_KEPT, RESULT_KEPT
from server.kiosks.commands import RULES, ask_command, latest_commands, result_of
from server.kiosks.enrolment import make_enrolment_code
from server.kiosks.models import CommandState, Kiosk, KioskCommand, KioskState
from server.kiosks.setup import block_kiosk
from shared.domain.commands import CommandKind
from shared.wire.messages import CommandReport, Enrolment, Parting, Receipt
from shared.wire.parting import parting_proof

KINDS = (CommandKind.IDENTIFY, CommandKind.WIPE)


@pytest.fixture
def order(database, station):
    """Order something of the zuil; return the id."""

    def order(kind=CommandKind.RESTART, *, now=None):
        with database.writing() as session:
            kiosk = session.get_one(Kiosk, station.enrolment.kiosk)
            return ask_command(session, kiosk, CommandKind(kind), now or datetime.now(UTC), staff_id=7).id

    return order


def report(station, id_, outcome="done", **fields):
    ended = fields.pop("ended", clock())
    message = CommandReport(outcome=outcome, ended=ended, clock=clock(), **fields)
    return station._read(station.post(f"/device/v1/commands/{id_}", message), Receipt).known


def latest(database, station, kind=CommandKind.RESTART, now=None):
    with database.reading() as session:
        return latest_commands(session, station.enrolment.kiosk, now or datetime.now(UTC)).get(kind)


def kiosk_of(database, station):
    with database.reading() as session:
        return session.get_one(Kiosk, station.enrolment.kiosk)


def test_a_command_comes_with_every_heartbeat_until_the_zuil_reports(database, station, order):
    id_ = order()
    assert latest(database, station).state is CommandState.WAITING
    for _ in range(2):
        assert [(one.id, one.kind) for one in station.heartbeat().commands] == [(id_, "restart")]
        assert latest(database, station).state is CommandState.SENT
    assert report(station, id_, sentence="The zuil started anew.")
    assert station.heartbeat().commands == []
    done = latest(database, station)
    assert (done.state, done.sentence) == (CommandState.DONE, "The zuil started anew.")
    with database.reading() as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.action.in_(["command", "report-command"])))
        assert [(one.action, one.staff_id, one.detail) for one in entries] == [
            ("command", 7, {"command": "restart"}),
            ("report-command", None, {"command": "restart", "outcome": "done"}),
        ]


def test_of_each_kind_one_is_open_at_a_time(database, station, order):
    order()
    with pytest.raises(ProblemError) as refusal:
        order()
    assert refusal.value.status == 409
    order(CommandKind.SELF_TEST)
    report(station, station.heartbeat().commands[0].id)
    order()
    assert len(station.heartbeat().commands) == 2


def test_there_is_a_rule_for_every_kind():
    assert set(RULES) == set(CommandKind)


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_expires_and_can_then_be_ordered_again(database, station, order, kind):
    order(kind, now=datetime.now(UTC) - RULES[kind].life)
    assert station.heartbeat().commands == []
    view = latest(database, station, kind)
    assert (view.state, view.was_sent) == (CommandState.EXPIRED, False)
    order(kind)
    assert [one.kind for one in station.heartbeat().commands] == [kind.value]


def test_what_was_begun_in_time_counts_though_its_report_came_late(database, station, order):
    before = datetime.now(UTC) - RULES[CommandKind.RESTART].life + timedelta(seconds=30)
    id_ = order(now=before)
    with database.writing() as session:
        session.get_one(KioskCommand, id_).expires = 0
    ended = clock(int(time.time() * 1000) - 3_600_000)
    assert report(station, id_, ended=ended)
    view = latest(database, station)
    assert view.state is CommandState.DONE
    assert 3_500 < (datetime.now(UTC) - view.ended_at).total_seconds() < 3_700


def test_the_first_report_counts(database, station, order):
    id_ = order()
    assert report(station, id_, "failed", sentence="No.")
    assert report(station, id_, "done")
    assert latest(database, station).state is CommandState.FAILED


def test_a_report_on_nothing_of_this_zuil_is_heard_and_changes_nothing(
    database, client, region, station, order
):
    id_ = order()
    with database.writing() as session:
        _, code = add_kiosk(session, region, "Andere")
    other = Station(client, code)
    assert not report(other, id_)
    assert not report(station, "no-uuid")
    assert not report(station, "11111111-2222-3333-4444-555555555555")
    assert latest(database, station).state is CommandState.WAITING


@pytest.mark.parametrize(
    ("fields", "status"), [({"outcome": "splendid"}, 400), ({"result": bytes(300 * 1024)}, 413)]
)
def test_a_report_that_no_zuil_sends_is_refused(station, order, fields, status):
    with pytest.raises(RefusalError) as refusal:
        report(station, order(), **fields)
    assert refusal.value.status == status


def test_what_a_command_brings_is_kept_for_a_month(database, settings, station, order):
    id_ = order(CommandKind.SEND_LOGS)
    assert report(station, id_, result=b"line\n" * 500, sentence="a\0b")
    kiosk = station.enrolment.kiosk
    with database.reading() as session:
        assert result_of(session, kiosk, id_)[1] == b"line\n" * 500
        for other in ((kiosk + 1, id_), (kiosk, "x")):
            with pytest.raises(ProblemError):
                result_of(session, *other)
    assert latest(database, station, CommandKind.SEND_LOGS).sentence == "ab"
    for age, left in ((RESULT_KEPT, 1), (COMMAND_KEPT, 0)):
        with database.writing() as session:
            session.get_one(KioskCommand, id_).asked_at -= int(age.total_seconds() * 1000)
        purge_expired(database, settings)
        with database.reading() as session:
            assert len(session.exec(select(KioskCommand)).all()) == left
            with pytest.raises(ProblemError):
                result_of(session, kiosk, id_)


def test_fresh_credentials_are_fetched_on_command_and_not_after_it_ended(database, station, order):
    id_ = order(CommandKind.ROTATE_KEY)
    answer = station.heartbeat()
    assert answer.renew, "for zuilen that know no commands"
    fresh = station._read(station.post("/device/v1/credentials", b"{}"), Enrolment)
    again = Station(station.client, enrolment=fresh)
    assert report(again, id_)
    assert not again.heartbeat().renew
    second = order(CommandKind.ROTATE_KEY)
    report(again, second, "failed")
    with pytest.raises(RefusalError) as refusal:
        again.post("/device/v1/credentials", b"{}") and again._read(
            again.post("/device/v1/credentials", b"{}"), Enrolment
        )
    assert refusal.value.status == 409


def test_a_key_that_was_not_fetched_in_time_is_not_asked_for_any_more(database, settings, station, order):
    order(CommandKind.ROTATE_KEY, now=datetime.now(UTC) - RULES[CommandKind.ROTATE_KEY].life)
    assert kiosk_of(database, station).renewal_asked is not None
    purge_expired(database, settings)
    assert kiosk_of(database, station).renewal_asked is None


def test_nothing_is_ordered_of_a_zuil_that_is_not_in_use(database, station, order):
    with database.writing() as session:
        block_kiosk(session, session.get_one(Kiosk, station.enrolment.kiosk))
    with pytest.raises(ProblemError) as refusal:
        order()
    assert refusal.value.status == 409


def test_another_device_does_not_do_what_was_ordered_of_the_one_before(database, client, station, order):
    order()
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, station.enrolment.kiosk)
        code = make_enrolment_code(session, kiosk, datetime.now(UTC))
    assert Station(client, code).heartbeat().commands == []
    assert latest(database, station).state is CommandState.EXPIRED


# --- the stream ---------------------------------------------------------------------------------


def test_the_stream_of_that_zuil_alone_says_at_once_that_there_is_a_command(
    database, client, new_station, order
):
    other = new_station()
    streams = {}
    for kiosk in (1, other.enrolment.kiosk):
        streams[kiosk] = EventStream(client.app.state.hub, database, kiosk)
        streams[kiosk].sent = []

        async def push(message, sent=streams[kiosk].sent):
            sent.append(message)

        streams[kiosk].push = push
        client.portal.call(client.app.state.hub.join, streams[kiosk])
    order()
    deadline = time.monotonic() + 2
    while b"event: command\ndata: 1\n\n" not in b"".join(streams[1].sent):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert b"command" not in b"".join(streams[other.enrolment.kiosk].sent)


def test_a_stream_that_opens_after_the_order_says_so_too(database, client, station, order):
    sent = []

    async def send(message):
        sent.append(message.get("body", b""))

    async def receive():
        return {"type": "http.disconnect"}

    stream = EventStream(client.app.state.hub, database, station.enrolment.kiosk)
    client.portal.call(stream, {}, receive, send)
    assert b"event: changed" in b"".join(sent)
    assert b"event: command" not in b"".join(sent)
    order()
    sent.clear()
    client.portal.call(
        EventStream(client.app.state.hub, database, station.enrolment.kiosk), {}, receive, send
    )
    assert b"event: command" in b"".join(sent)


def test_a_zuil_that_reads_slowly_misses_no_kind_of_event(database, client):
    stream, sent, may_go = EventStream(client.app.state.hub, database, 1), [], asyncio.Event()

    async def send(message):
        sent.append(message["body"])
        await may_go.wait()

    async def scenario():
        stream._send = send
        first = asyncio.create_task(stream.push(b"event: changed\ndata: 1\n\n"))
        await asyncio.sleep(0)
        for message in (b"event: command\ndata: 1\n\n", b"event: changed\ndata: 2\n\n"):
            await stream.push(message)
        await stream.push(b"event: changed\ndata: 3\n\n")
        may_go.set()
        await first

    asyncio.run(scenario())
    assert sent == [
        b"event: changed\ndata: 1\n\n",
        b"event: command\ndata: 1\n\nevent: changed\ndata: 3\n\n",
    ]


def test_orders_travel_between_processes_and_too_many_wait_for_the_heartbeat():
    touched = Touched(4, frozenset({1}), ordered=frozenset({2})).with_(Touched(5, ordered=frozenset({3})))
    assert decode_touched(touched.encode()) == Touched(5, frozenset({1}), ordered=frozenset({2, 3}))
    many = Touched(6, ordered=frozenset(range(5_000)))
    assert decode_touched(many.encode()) == Touched(6, everyone=True)


# --- the last word ------------------------------------------------------------------------------


def part(station, *, secret=None, command="", ago=0.0, key=None):
    key = key or station.enrolment.consumer_key
    proof = parting_proof(key, secret or station.enrolment.consumer_secret)
    wiped = clock(int((time.time() - ago) * 1000))
    message = Parting(consumer_key=key, proof=proof, wiped=wiped, clock=clock(), command=command)
    response = station.client.post("/device/v1/partings", content=msgspec.json.encode(message))
    return station._read(response, Receipt).known


def test_a_blocked_zuil_confirms_that_it_is_wiped_with_the_moment(database, station):
    with database.writing() as session:
        block_kiosk(session, session.get_one(Kiosk, station.enrolment.kiosk))
    assert part(station, ago=3_600)
    kiosk = kiosk_of(database, station)
    assert kiosk.state == KioskState.BLOCKED
    assert 3_590 < (datetime.now(UTC) - kiosk.wiped_at).total_seconds() < 3_700
    assert part(station), "its answer may have been lost"
    assert kiosk_of(database, station).wiped_at == kiosk.wiped_at


def test_a_wipe_on_command_is_done_when_the_zuil_says_so_and_then_it_waits_for_another_enrolment(
    database, station, order
):
    id_ = order(CommandKind.WIPE)
    order(CommandKind.RESTART)
    station.heartbeat()
    assert part(station, command=id_)
    assert latest(database, station, CommandKind.WIPE).state is CommandState.DONE
    assert latest(database, station, CommandKind.RESTART).state is CommandState.EXPIRED
    kiosk = kiosk_of(database, station)
    assert (kiosk.state, kiosk.wiped_at is None) == (KioskState.NEW, False)
    with pytest.raises(RefusalError) as refusal:
        station.heartbeat()
    assert refusal.value.status == 403
    with database.writing() as session:
        code = make_enrolment_code(session, session.get_one(Kiosk, kiosk.number), datetime.now(UTC))
    Station(station.client, code).heartbeat()
    assert kiosk_of(database, station).wiped_at is None


@pytest.mark.parametrize("lie", [{"secret": "guessed"}, {"key": "zuil-1-nobody"}])
def test_nobody_says_so_in_its_place(database, station, lie):
    assert not part(station, **lie)
    assert kiosk_of(database, station).wiped_at is None


def test_a_zuil_that_became_another_device_says_nothing_any_more(database, client, station):
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, station.enrolment.kiosk)
        code = make_enrolment_code(session, kiosk, datetime.now(UTC))
    Station(client, code).heartbeat()
    assert not part(station)
    assert kiosk_of(database, station).state == KioskState.ACTIVE
