"""The fleet of simulated zuilen speaks the real protocol, and can be taken away again."""

import asyncio
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import msgspec
import pytest
from sqlmodel import select

from fakes.command import environment_of
from fakes.releases import PUBLIC, tiny_bundle
from fakes.server_process import SECRET_KEY, running_server
from server.fleet.__main__ import sail
from server.fleet.stage import Credentials, make_fleet, remove_fleet
from server.fleet.zuil import Figures, FleetZuil, Releases
from server.kernel.database import Database
from server.kernel.vault import Vault
from server.kiosks.models import Kiosk, KioskCounter, KioskLive
from server.kiosks.setup import create_kiosk
from server.monitor.models import KioskSample, KioskWatch
from server.releases.models import KioskRelease, Rollout
from server.releases.rollouts import start_rollout
from server.releases.store import add_release
from shared.wire.messages import Changes, Heartbeat, HeartbeatAnswer, KioskConfig, ReleaseOffer


def test_a_fleet_listens_speaks_and_is_watched_like_any_zuil(sqlite_url, tmp_path):
    database = Database(sqlite_url, Vault(SECRET_KEY))
    with database.writing() as session:
        fleet = make_fleet(session, 10)
    figures = Figures()

    async def until_all_are_there(address):
        sailing = asyncio.create_task(
            sail(address, fleet, ramp=0.5, seconds=20, interval=0.5, figures=figures)
        )
        while figures.streams < 10 or figures.beats < 30:
            await asyncio.sleep(0.05)
            assert not sailing.done(), figures
        sailing.cancel()
        await asyncio.gather(sailing, return_exceptions=True)

    with running_server(sqlite_url, tmp_path) as server:
        asyncio.run(until_all_are_there(server.url))
    assert not figures.failures
    with database.reading() as session:
        assert len(session.exec(select(KioskWatch)).all()) == 10
        assert len(session.exec(select(KioskSample)).all()) >= 30
    database.dispose()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [(["--remove"], 0, "0 zuilen removed\n"), (["--count", "0"], 2, ""), (["--count", "many"], 2, "")],
)
def test_the_command_starts_by_itself(sqlite_url, tmp_path, arguments, code, said):
    done = subprocess.run(
        [sys.executable, "-m", "server.fleet", *arguments],
        env=os.environ | environment_of(sqlite_url, SECRET_KEY, tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, said), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_fleet_takes_releases_and_a_bad_one_is_halted(sqlite_url, tmp_path):
    database = Database(sqlite_url, Vault(SECRET_KEY))
    now = datetime.now(UTC)
    with database.writing() as session:
        fleet = make_fleet(session, 10)
        content = tiny_bundle(tmp_path / "tree", "1.4.0")
        start_rollout(session, add_release(session, content, [PUBLIC], now), now)

    def state():
        with database.reading() as session:
            return session.exec(select(Rollout.state)).one()

    async def until_it_is_halted(address):
        how = Releases(failing=90.0, seconds=0.2)
        sailing = asyncio.create_task(sail(address, fleet, ramp=0.5, interval=0.5, releases=how))
        deadline = time.monotonic() + 60
        while state() != "halted":
            await asyncio.sleep(0.1)
            assert not sailing.done()
            assert time.monotonic() < deadline
        sailing.cancel()
        await asyncio.gather(sailing, return_exceptions=True)

    with running_server(sqlite_url, tmp_path) as server:
        asyncio.run(until_it_is_halted(server.url))
    with database.reading() as session:
        reports = session.exec(select(KioskRelease)).all()
        took = {report.kiosk for report in reports if report.step == "done"}
        for live in session.exec(select(KioskLive)):
            assert live.version == ("1.4.0" if live.kiosk in took else "0.1.0")
    database.dispose()


def test_a_simulated_zuil_says_it_has_what_a_resumed_rollout_offers_again():
    """A roll-out that is resumed offers under a new id; who runs the release already counts at once."""
    offered, told = ["1:a"], []

    def answer(head, body):
        config = offered[-1]
        if b"/heartbeat" in head:
            told.append(msgspec.json.decode(body, type=Heartbeat).release)
            return msgspec.json.encode(HeartbeatAnswer(now=0, config=config, cursor=""))
        offer = ReleaseOffer(id=config, version="1.4.0", size=1, unpacked=1, sha256="", url="/")
        return msgspec.json.encode(
            Changes(cursor="", config=KioskConfig(version=config, kiosk=1, name="", release=offer))
        )

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + answer(head, await reader.readexactly(length)))
        writer.close()

    async def until_both_offers_are_answered():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        how = Releases(seconds=0.0)
        zuil = FleetZuil(address, Credentials(1, "key", "secret"), Figures(), interval=0.01, releases=how)
        living = asyncio.create_task(zuil.live(0.0))
        async with asyncio.timeout(30):
            await until_done("1:a")
            offered.append("1:b")
            await until_done("1:b")
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
        server.close()

    async def until_done(offer):
        while not any(one and (one.offer, one.step) == (offer, "done") for one in told):  # noqa: ASYNC110 - looks at what was told
            await asyncio.sleep(0.01)

    asyncio.run(until_both_offers_are_answered())
    assert {one.step for one in told if one and one.offer == "1:b"} == {"done"}, "nothing is tried again"


def test_a_fleet_leaves_room_for_others_and_goes_without_a_trace(database):
    with database.writing() as session:
        make_fleet(session, 3)
    with database.writing() as session:
        own = create_kiosk(session, "Zuil", "", []).number
    with database.writing() as session:
        assert remove_fleet(session) == 3
    with database.reading() as session:
        assert session.exec(select(Kiosk.number)).all() == [own]
        assert session.exec(select(KioskCounter)).all() == []
