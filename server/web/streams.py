"""Pages that stay true by themselves: server-sent events with pieces of HTML for htmx.

The state is read from the database, so it does not matter which process heard the news. A piece
is sent only when it changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from server.kernel.database import Database
from server.staff.access import acting_of, open_to_all

LIFETIME_SECONDS: Final = 600.0
"""Then the browser comes back by itself, and its right to look is checked again."""

Render = Callable[[Session], Mapping[str, str]]


def stream(request: Request, render: Render, *, seconds: float) -> StreamingResponse:
    """Answer with a stream that looks every `seconds` and sends what changed of `render` (event -> HTML)."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        _events(request, render, seconds), media_type="text/event-stream", headers=headers
    )


async def _events(request: Request, render: Render, seconds: float) -> AsyncIterator[str]:
    database: Database = request.app.state.database
    sent: dict[str, str] = {}
    until = time.monotonic() + LIFETIME_SECONDS
    yield "retry: 1500\n\n"
    while time.monotonic() < until and not await is_over(request):
        pieces = await run_in_threadpool(_read, database, render, request)
        if pieces is None:
            return
        for name, text in pieces.items():
            if sent.get(name) != text:
                sent[name] = text
                yield encode_event(name, text)
        await asyncio.sleep(seconds)


async def is_over(request: Request) -> bool:
    """Tell whether nobody looks any more, or this process is about to stop."""
    return getattr(request.app.state, "closing", False) or await request.is_disconnected()


def encode_event(name: str, text: str) -> str:
    """Return one server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\n{lines}\n"


def _read(database: Database, render: Render, request: Request) -> Mapping[str, str] | None:
    """Return the pieces; None when who looked may no longer look: logged out, removed, another function."""
    acting = acting_of(request)
    with database.reading() as session:
        if acting is not None and open_to_all(request, session) != acting:
            return None
        return render(session)
