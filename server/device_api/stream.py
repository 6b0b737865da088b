"""GET stream: server-sent events that wake a zuil. What changed it reads by cursor.

Thousands of zuilen hold a stream open, so a stream is one waiting coroutine and nothing else:
waking and pinging go through one hub per process.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from server.device_api.authentication import identified
from server.feed.epoch import head
from server.feed.wakeup import Touched
from server.kernel.bulk import Bulk
from server.kernel.database import Database
from server.kiosks.commands import ask_open
from server.kiosks.contact import note_hang_up, note_return
from server.kiosks.models import KioskLive

PING_SECONDS: Final = 20.0
_PING: Final = b": ping\n\n"
_COMMAND: Final = b"event: command\ndata: 1\n\n"
"""The next heartbeat brings a command."""


class Hub:
    """The open streams of one process; used only from its event loop."""

    def __init__(self) -> None:
        self._streams: set[EventStream] = set()
        self.closing = False
        self._sending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def join(self, stream: EventStream) -> None:
        """Let a stream be woken."""
        self._streams.add(stream)

    def leave(self, stream: EventStream) -> bool:
        """Forget a stream; True when the zuil hung up: not when we stop, nor when it has another one."""
        self._streams.discard(stream)
        return not self.closing and all(other.kiosk != stream.kiosk for other in self._streams)

    def wake(self, touched: Touched) -> None:
        """Tell the zuilen that something concerns."""
        changed = changed_event(touched.position)
        for stream in self._streams:
            if touched.concerns(stream.kiosk):
                self._send(stream, changed)
            if stream.kiosk in touched.ordered:
                self._send(stream, _COMMAND)

    async def ping(self) -> None:
        """Keep every stream alive through proxies, for ever."""
        while True:
            await asyncio.sleep(PING_SECONDS)
            for stream in self._streams:
                self._send(stream, _PING)

    def close(self) -> None:
        """End every stream, so that the process can stop."""
        self.closing = True
        for stream in self._streams:
            stream.end()

    def _send(self, stream: EventStream, message: bytes) -> None:
        # A zuil that does not read holds up its own task, nobody else's.
        task = asyncio.get_running_loop().create_task(stream.push(message))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)


class EventStream(Response):
    """The answer that stays open; one per zuil."""

    def __init__(self, hub: Hub, database: Database, kiosk: int) -> None:
        super().__init__(
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}, media_type="text/event-stream"
        )
        del self.headers["content-length"]
        self.kiosk = kiosk
        self._hub = hub
        self._database = database
        self._send: Send | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._busy = False
        self._left: dict[bytes, bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until the zuil hangs up or the process stops."""
        del scope
        self._send = send
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        self._waiting = asyncio.current_task()
        self._hub.join(self)
        try:
            # First it can be woken, then it is told what there is: nothing in between is missed.
            for message in await run_in_threadpool(_first_events, self._database, self.kiosk):
                await self.push(message)
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            await send({"type": "http.response.body", "body": b""})
        finally:
            if self._hub.leave(self):
                await run_in_threadpool(note_hang_up, self._database, self.kiosk)

    async def push(self, message: bytes) -> None:
        """Send one event, after the one that is on its way; of those that wait, the last of each kind."""
        self._left[message.partition(b"\n")[0]] = message
        if self._busy or self._send is None:
            return
        self._busy = True
        try:
            while self._left:
                content = b"".join(self._left.values())
                self._left.clear()
                await self._send({"type": "http.response.body", "body": content, "more_body": True})
        except OSError:
            self.end()
        finally:
            self._busy = False

    def end(self) -> None:
        """Hang up."""
        if self._waiting is not None:
            self._waiting.cancel()


def changed_event(position: int) -> bytes:
    """Return the event that says up to where the feed goes."""
    return b"event: changed\ndata: %d\n\n" % position


async def open_stream(request: Request) -> Response:
    """Open the stream of a zuil."""
    kiosk = await run_in_threadpool(_admit, request)
    return EventStream(request.app.state.hub, request.app.state.database, kiosk)


def _admit(request: Request) -> int:
    kiosk = identified(request)
    database: Database = request.app.state.database
    with database.reading() as session:
        live = session.get(KioskLive, kiosk)
        is_back = live is not None and live.hung_up is not None
    if is_back:
        note_return(database, kiosk)
    return kiosk


def _first_events(database: Database, kiosk: int) -> list[bytes]:
    """Return up to where the feed goes, and whether a command waits."""
    with database.reading() as session:
        events = [changed_event(head(session).position)]
        if Bulk(session).run(*ask_open(kiosk, datetime.now(UTC))):
            events.append(_COMMAND)
    return events
