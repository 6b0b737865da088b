"""GET releases/{name}: the bundle of a release; a download goes on where it broke off."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from server.device_api.authentication import identified
from server.kernel.database import Database
from server.releases.store import release_file


async def send_release(request: Request) -> Response:
    """Send a bundle, or a part of it."""
    return await run_in_threadpool(_send, request)


def _send(request: Request) -> Response:
    identified(request)
    database: Database = request.app.state.database
    name: str = request.path_params["name"]
    with database.reading() as session:
        file = release_file(session, request.app.state.settings.data_dir / "releases", name)
    # The name is unique to the content, on every server.
    headers = {"ETag": f'"{name}"', "Cache-Control": "private, max-age=86400"}
    return FileResponse(file, headers=headers, media_type="application/octet-stream")
