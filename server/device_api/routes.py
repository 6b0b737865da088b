"""The calls of /device/v1, and what they need while the process lives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from starlette.routing import Route

from server.device_api import (
    changes,
    commands,
    credentials,
    enrolments,
    heartbeats,
    lookups,
    partings,
    releases,
    snapshots,
    stream,
    taps,
)
from server.device_api.authentication import BlockedError
from server.device_api.farewell import tell_blocked
from server.feed.runner import FeedRunner
from server.feed.wakeup import Touched
from shared.wire.messages import PREFIX


def install_device_api(app: FastAPI) -> None:
    """Give the application the calls of the zuilen."""
    app.add_exception_handler(BlockedError, tell_blocked)
    app.router.routes.extend(
        [
            Route(f"{PREFIX}/enrolments", enrolments.exchange, methods=["POST"]),
            Route(f"{PREFIX}/enrolments/check", enrolments.check, methods=["POST"]),
            Route(f"{PREFIX}/credentials", credentials.renew_credentials, methods=["POST"]),
            Route(f"{PREFIX}/changes", changes.read_changes, methods=["GET"]),
            Route(f"{PREFIX}/snapshots", snapshots.list_snapshots, methods=["GET"]),
            Route(f"{PREFIX}/snapshots/{{name}}", snapshots.send_snapshot, methods=["GET"]),
            Route(f"{PREFIX}/releases/{{name}}", releases.send_release, methods=["GET"]),
            Route(f"{PREFIX}/taps", taps.upload_taps, methods=["POST"]),
            Route(f"{PREFIX}/lookup", lookups.look_up, methods=["POST"]),
            Route(f"{PREFIX}/heartbeat", heartbeats.take_heartbeat, methods=["POST"]),
            Route(f"{PREFIX}/commands/{{id}}", commands.report_command, methods=["POST"]),
            Route(f"{PREFIX}/partings", partings.take_parting, methods=["POST"]),
            Route(f"{PREFIX}/stream", stream.open_stream, methods=["GET"]),
        ]
    )


@asynccontextmanager
async def device_api_running(app: FastAPI) -> AsyncIterator[None]:
    """Publish the feed and wake the streams, for as long as the block lasts."""
    loop = asyncio.get_running_loop()
    hub = stream.Hub()
    app.state.hub = hub
    app.state.intake = taps.Intake(app.state.database)

    def wake(touched: Touched) -> None:
        # The loop may have closed between the publication and this call.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(hub.wake, touched)

    runner = FeedRunner(app.state.database, wake)
    pinging = asyncio.create_task(hub.ping())
    runner.start()
    try:
        yield
    finally:
        pinging.cancel()
        hub.close()
        await asyncio.to_thread(runner.stop)
