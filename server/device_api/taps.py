"""POST taps: the hot path. One transaction: who speaks, what is new, the verdicts."""

from __future__ import annotations

import time
from typing import Final

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.upload import take_upload
from server.device_api.authentication import identify
from server.device_api.bodies import answer, read_body, read_message
from server.kernel.bulk import DoubleError
from server.kernel.database import Database
from shared.wire.messages import Upload

AT_ONCE: Final = 3
"""Uploads of one process under way together: more only take the interpreter from each other."""


async def upload_taps(request: Request) -> Response:
    """Take in rows of a journal; also those of a blocked zuil."""
    body = await read_body(request)
    return await to_thread.run_sync(_upload, request, body, limiter=request.app.state.upload_limiter)


def _upload(request: Request, body: bytes) -> Response:
    try:
        return _take(request, body, careful=False)
    except DoubleError:
        return _take(request, body, careful=True)


def _take(request: Request, body: bytes, *, careful: bool) -> Response:
    database: Database = request.app.state.database
    with database.writing() as session:
        kiosk = identify(session, request, body, also_blocked=True)
        upload = read_message(request, body, Upload)
        verdicts = take_upload(session, kiosk, upload, time.time_ns() // 1_000_000, careful=careful)
    return answer(request, verdicts)
