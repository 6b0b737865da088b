"""What a blocked zuil heard: noted at every refusal, for the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, update
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
        # It asks a last time just before it destroys its keys, so the last refusal is what is known of that.
        session.execute(
            update(Kiosk)
            .where(col(Kiosk.number) == kiosk)
            .values(told_at=func.coalesce(col(Kiosk.told_at), now), left_at=now)
        )
