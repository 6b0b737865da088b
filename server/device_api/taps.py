"""POST taps: the hot path. One transaction: who speaks, what is new, the verdicts."""

from __future__ import annotations

import time

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.upload import take_upload
from server.device_api.authentication import identify
from server.device_api.bodies import answer, read_body, read_message
from server.kernel.database import Database
from shared.wire.messages import Upload


async def upload_taps(request: Request) -> Response:
    """Take in rows of a journal; also those of a blocked zuil."""
    return await run_in_threadpool(_upload, request, await read_body(request))


def _upload(request: Request, body: bytes) -> Response:
    database: Database = request.app.state.database
    with database.writing() as session:
        kiosk = identify(session, request, body, also_blocked=True)
        upload = read_message(request, body, Upload)
        verdicts = take_upload(session, kiosk, upload, time.time_ns() // 1_000_000)
    return answer(request, verdicts)
