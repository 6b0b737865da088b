"""POST credentials: fresh credentials for a zuil that was asked to fetch them."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.device_api.authentication import identify
from server.device_api.bodies import answer, read_body
from server.kernel.database import Database
from server.kiosks.models import Kiosk
from server.kiosks.renewal import renew


async def renew_credentials(request: Request) -> Response:
    """Answer with an `Enrolment`; what the zuil signed this with stays good until the new is used."""
    return await run_in_threadpool(_renew, request, await read_body(request))


def _renew(request: Request, body: bytes) -> Response:
    database: Database = request.app.state.database
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, identify(session, request, body))
        enrolment = renew(session, kiosk)
    return answer(request, enrolment)
