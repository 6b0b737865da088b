"""POST commands/{id}: what became of a command."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.evidence import effective_time
from server.device_api.authentication import identify
from server.device_api.bodies import answer, read_body, read_message
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from server.kiosks.closing import take_report
from server.kiosks.models import Kiosk
from shared.domain.commands import CommandOutcome
from shared.domain.zones import to_millis
from shared.wire import problems
from shared.wire.messages import MOST_RESULT, CommandReport, Receipt


async def report_command(request: Request) -> Response:
    """Keep a zuil's report."""
    return await run_in_threadpool(_report, request, await read_body(request))


def _report(request: Request, body: bytes) -> Response:
    database: Database = request.app.state.database
    with database.writing() as session:
        kiosk = session.get_one(Kiosk, identify(session, request, body))
        report = read_message(request, body, CommandReport)
        if len(report.result) > MOST_RESULT:
            raise ProblemError(413, "This result is too large.", type=problems.TOO_LARGE)
        known = take_report(
            session,
            kiosk,
            request.path_params["id"],
            _outcome(report.outcome),
            ended=effective_time(report.ended, report.clock, to_millis(datetime.now(UTC))),
            sentence=report.sentence,
            said=report.said,
            result=report.result,
        )
    return answer(request, Receipt(known=known))


def _outcome(text: str) -> CommandOutcome:
    try:
        return CommandOutcome(text)
    except ValueError as error:
        raise ProblemError(400, "There is no such outcome.", type=problems.MALFORMED) from error
