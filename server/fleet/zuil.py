"""One zuil of the fleet: a heartbeat a minute and an event stream, with the patience of a real one."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from server.fleet.stage import Credentials
from shared.wire import signing
from shared.wire.messages import PREFIX, Clock, Heartbeat, HeartbeatAnswer, Telemetry

_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 120.0
_OK: Final = 200
_random = random.Random()  # noqa: S311 - spreads load, guards nothing


@dataclass
class Figures:
    """What the whole fleet saw. took: seconds of the latest heartbeats. events: monotonic seconds."""

    streams: int = 0
    beats: int = 0
    woken: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    took: deque[float] = field(default_factory=lambda: deque(maxlen=20_000))
    events: dict[int, float] = field(default_factory=dict)


class FleetZuil:
    """A zuil that is not there. `address` is the server's scheme and host; `client` is shared by all."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        client: httpx.AsyncClient,
        figures: Figures,
        *,
        interval: float = 60.0,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._client = client
        self._figures = figures
        self._interval = interval
        self._boot = uuid.uuid4().hex
        self._started = time.monotonic()
        self._signal = _random.randint(-75, -45)

    async def live(self, wait: float) -> None:
        """Speak and listen after `wait` seconds, until cancelled."""
        await asyncio.sleep(wait)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._speak())
            both.create_task(self._listen())

    async def _speak(self) -> None:
        pause = _PAUSE
        while True:
            begin = time.perf_counter()
            try:
                answer = await self._post(f"{PREFIX}/heartbeat", msgspec.json.encode(self._beat()))
                msgspec.json.decode(answer, type=HeartbeatAnswer)
            except (httpx.HTTPError, msgspec.DecodeError) as error:
                self._figures.failures[f"heartbeat: {type(error).__name__}"] += 1
                await asyncio.sleep(_jittered(pause))
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            self._figures.beats += 1
            self._figures.took.append(time.perf_counter() - begin)
            pause = _PAUSE
            await asyncio.sleep(_jittered(self._interval))

    async def _listen(self) -> None:
        pause = _PAUSE
        while True:
            try:
                await self._follow()
                pause = _PAUSE
            except (OSError, asyncio.IncompleteReadError, ValueError) as error:
                self._figures.failures[f"stream: {type(error).__name__}"] += 1
            await asyncio.sleep(_jittered(pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _follow(self) -> None:
        """Read events until the stream breaks off; a bare socket, for there may be thousands."""
        parts = urlsplit(self._address)
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=is_tls or None, limit=4_096)
        try:
            path = f"{PREFIX}/stream"
            lines = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{self._header('GET', path)}\r\n\r\n"
            writer.write(lines.encode())
            status = (await reader.readline()).split()
            if len(status) < 2 or int(status[1]) != _OK:  # noqa: PLR2004 - version and code
                raise ValueError(status)
            self._figures.streams += 1
            try:
                while line := await reader.readline():
                    if line.startswith(b"event:"):
                        self._figures.woken += 1
                        self._figures.events[self._credentials.kiosk] = time.monotonic()
            finally:
                self._figures.streams -= 1
        finally:
            writer.close()

    async def _post(self, path: str, body: bytes) -> bytes:
        name, _, value = self._header("POST", path, body).partition(": ")
        headers = {name: value, "Content-Type": "application/json"}
        answer = await self._client.post(self._address + path, content=body, headers=headers)
        answer.raise_for_status()
        return answer.content

    def _header(self, method: str, path: str, body: bytes = b"") -> str:
        value = signing.authorization(
            method,
            self._address + path,
            body,
            key=self._credentials.key,
            secret=self._credentials.secret,
            timestamp=int(time.time()),
            nonce=uuid.uuid4().hex,
        )
        return f"Authorization: {value}"

    def _beat(self) -> Heartbeat:
        monotonic = time.monotonic()
        return Heartbeat(
            clock=Clock(
                wall=time.time_ns() // 1_000_000, monotonic=round(monotonic * 1000), boot=self._boot, offset=0
            ),
            version="fleet",
            queue=0,
            uptime=round(monotonic - self._started),
            screen="idle",
            telemetry=Telemetry(
                temperature=round(_random.gauss(51, 2), 1),
                memory_free=400,
                memory_total=971,
                disk_free=5_200,
                disk_total=7_600,
                network="wifi",
                signal=round(_random.gauss(self._signal, 2)),
                round_trip=round(_random.uniform(20, 120)),
                followed=round(_random.uniform(0, 300)),
            ),
        )


def _jittered(seconds: float) -> float:
    return seconds * _random.uniform(0.75, 1.25)
