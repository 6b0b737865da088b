"""POST enrolments: a one-time code for the zuil's own key and secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.journal import begin_journal, progress_of
from server.device_api.bodies import answer, read_body, read_message
from server.kernel.attempts import refuse_flood
from server.kernel.database import Database
from server.kiosks.enrolment import enrol, find_code
from server.kiosks.setup import number_of
from shared.domain.zones import to_millis
from shared.wire.messages import EnrolmentCheck, EnrolmentRequest

MOST_TRIES: Final = 20
TRY_SECONDS: Final = 600


async def exchange(request: Request) -> Response:
    """Exchange a code."""
    return await run_in_threadpool(_exchange, request, await read_body(request))


async def check(request: Request) -> Response:
    """Say whether a code is good, without using it up."""
    return await run_in_threadpool(_check, request, await read_body(request))


def _exchange(request: Request, body: bytes) -> Response:
    database, asked = _admitted(request, body)
    with database.writing() as session:
        enrolment = enrol(session, asked, datetime.now(UTC))
        if asked.last_seq < progress_of(session, enrolment.kiosk).top:
            begin_journal(session, enrolment.kiosk)
    return answer(request, enrolment, 201)


def _check(request: Request, body: bytes) -> Response:
    database, asked = _admitted(request, body)
    with database.reading() as session:
        enrolment, kiosk = find_code(session, asked.code, datetime.now(UTC))
        found = EnrolmentCheck(
            kiosk=number_of(kiosk),
            name=kiosk.name,
            expires=to_millis(enrolment.expires),
            release_keys=list(request.app.state.settings.release_keys),
        )
    return answer(request, found)


def _admitted(request: Request, body: bytes) -> tuple[Database, EnrolmentRequest]:
    """Read the request of someone who did not guess too often: a code has 39 bits, an address 20 guesses."""
    database: Database = request.app.state.database
    address = request.client.host if request.client else "?"
    refuse_flood(database, f"enrolment from {address}", most=MOST_TRIES, seconds=TRY_SECONDS)
    return database, read_message(request, body, EnrolmentRequest)
