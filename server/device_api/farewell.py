"""When a blocked zuil first heard that it is: noted at its refusal, for the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update
from sqlmodel import col
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from server.device_api.authentication import BlockedError
from server.kernel.database import Database
from server.kernel.errors import answer_problem
from server.kiosks.models import Kiosk


async def tell_blocked(request: Request, error: Exception) -> Response:
    """Note that a zuil was told it is blocked, and tell it."""
    assert isinstance(error, BlockedError)  # noqa: S101 - how it was registered
    await run_in_threadpool(_note, request.app.state.database, error.kiosk)
    return answer_problem(request, error)


def _note(database: Database, kiosk: int) -> None:
    now = datetime.now(UTC)
    with database.writing() as session:
        session.execute(
            update(Kiosk).where(col(Kiosk.number) == kiosk, col(Kiosk.told_at).is_(None)).values(told_at=now)
        )
