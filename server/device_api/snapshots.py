"""GET snapshots: all cards of a card system in one file; a download goes on where it broke off."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from server.device_api.authentication import identified
from server.device_api.bodies import answer
from server.feed.publisher import publish
from server.feed.snapshots import SnapshotStore
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from server.kiosks.configuration import systems_of
from server.settings import Settings


def store_of(settings: Settings) -> SnapshotStore:
    """Return where this installation keeps its snapshots."""
    return SnapshotStore(settings.data_dir / "snapshots")


async def list_snapshots(request: Request) -> Response:
    """Name one snapshot for each card system of the zuil, building what is not there yet."""
    return await run_in_threadpool(_list, request)


async def send_snapshot(request: Request) -> Response:
    """Send a file, or a part of it."""
    return await run_in_threadpool(_send, request)


def _list(request: Request) -> Response:
    kiosk = identified(request)
    database: Database = request.app.state.database
    publish(database)
    with database.reading() as session:
        systems = systems_of(session, kiosk)
    store = store_of(request.app.state.settings)
    return answer(request, [store.current(database, system, systems) for system in systems])


def _send(request: Request) -> Response:
    kiosk = identified(request)
    database: Database = request.app.state.database
    name: str = request.path_params["name"]
    with database.reading() as session:
        allowed = {str(system) for system in systems_of(session, kiosk)}
    file = store_of(request.app.state.settings).file(name)
    if file is None or name.partition("-")[0] not in allowed:
        raise ProblemError(404, "This snapshot is not there (any more).")
    # The name is unique to the content, on every server.
    headers = {"ETag": f'"{name}"', "Cache-Control": "private, max-age=86400"}
    return FileResponse(file, headers=headers, media_type="application/octet-stream")
