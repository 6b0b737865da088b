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

import msgspec

from server.fleet.stage import Credentials
from shared.domain.releases import Step
from shared.domain.sayings import Saying, english
from shared.wire import signing
from shared.wire.messages import (
    PREFIX,
    Changes,
    Clock,
    Heartbeat,
    HeartbeatAnswer,
    ReleaseOffer,
    ReleaseReport,
    Telemetry,
)

_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 120.0
_OK: Final = 200
FIRST_VERSION: Final = "0.1.0"
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


@dataclass(frozen=True)
class Releases:
    """How the fleet takes releases: `failing` percent of the zuilen go back; a switch takes `seconds`."""

    failing: float = 0.0
    seconds: float = 10.0


class FleetZuil:
    """A zuil that is not there. `address` is the server's scheme and host."""

    def __init__(
        self,
        address: str,
        credentials: Credentials,
        figures: Figures,
        *,
        interval: float = 60.0,
        releases: Releases | None = None,
    ) -> None:
        self._address = address
        self._credentials = credentials
        self._figures = figures
        self._interval = interval
        self._boot = uuid.uuid4().hex
        self._started = time.monotonic()
        self._releases = releases
        self._version = FIRST_VERSION
        self._config = ""
        self._report: ReleaseReport | None = None
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
                answer = await self._tell()
                self._figures.took.append(time.perf_counter() - begin)
                if answer.config != self._config:
                    await self._follow_config()
            except (OSError, ValueError, msgspec.DecodeError) as error:
                self._figures.failures[f"heartbeat: {type(error).__name__}"] += 1
                await asyncio.sleep(_jittered(pause))
                pause = min(pause * 2, _LONGEST_PAUSE)
                continue
            self._figures.beats += 1
            pause = _PAUSE
            await asyncio.sleep(_jittered(self._interval))

    async def _listen(self) -> None:
        pause = _PAUSE
        while True:
            try:
                await self._follow()
                pause = _PAUSE
            except (OSError, ValueError) as error:
                self._figures.failures[f"stream: {type(error).__name__}"] += 1
            await asyncio.sleep(_jittered(pause))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _follow(self) -> None:
        """Read events until the stream breaks off."""
        reader, writer = await self._ask("GET", f"{PREFIX}/stream")
        self._figures.streams += 1
        try:
            while line := await reader.readline():
                if line.startswith(b"event:"):
                    self._figures.woken += 1
                    self._figures.events[self._credentials.kiosk] = time.monotonic()
        finally:
            self._figures.streams -= 1
            writer.close()

    async def _follow_config(self) -> None:
        """Read the configuration, and take what it offers as far as the fleet takes releases."""
        reader, writer = await self._ask("GET", f"{PREFIX}/changes?cursor=&config={self._config}")
        try:
            config = msgspec.json.decode(await reader.read(), type=Changes).config
        finally:
            writer.close()
        if config is None:
            return
        self._config = config.version
        if self._releases is not None and config.release is not None:
            await self._take_release(config.release, self._releases)

    async def _take_release(self, offer: ReleaseOffer, how: Releases) -> None:
        """Take or leave a release as a real zuil does, without the files."""
        if self._has_tried(offer.id):
            return
        if offer.version == self._version:
            # A roll-out that goes on is a new offer, also of what runs here already.
            self._report = ReleaseReport(offer=offer.id, version=offer.version, step=Step.DONE)
            await self._tell()
            return
        self._report = ReleaseReport(offer=offer.id, version=offer.version, step=Step.SWITCHING)
        await self._tell()
        await asyncio.sleep(_jittered(how.seconds))
        if _random.uniform(0, 100) < how.failing:
            self._report = msgspec.structs.replace(
                self._report, step=Step.FAILED, sentence=english(Saying.UNHEALTHY, seconds=300)
            )
        else:
            self._version = offer.version
            self._report = msgspec.structs.replace(self._report, step=Step.DONE)
        await self._tell()

    def _has_tried(self, offer: str) -> bool:
        return self._report is not None and self._report.offer == offer

    async def _tell(self) -> HeartbeatAnswer:
        reader, writer = await self._ask("POST", f"{PREFIX}/heartbeat", msgspec.json.encode(self._beat()))
        try:
            return msgspec.json.decode(await reader.read(), type=HeartbeatAnswer)
        finally:
            writer.close()

    async def _ask(
        self, method: str, path: str, body: bytes = b""
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Send a request and read the head of its answer.

        A bare socket: a client that shares connections looks at all of them for each request, and a
        zuil would have to connect anew anyway, a minute later.
        """
        parts = urlsplit(self._address)
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=is_tls or None, limit=16_384)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{self._header(method, path, body)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        try:
            writer.write(head.encode() + body)
            await _read_head(reader)
        except BaseException:
            writer.close()
            raise
        return reader, writer

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
            version=self._version,
            config=self._config,
            release=self._report,
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


async def _read_head(reader: asyncio.StreamReader) -> None:
    """Read status and headers.

    Raises:
        ConnectionError: the server refuses.
    """
    status = (await reader.readline()).split()
    if len(status) < 2 or int(status[1]) != _OK:  # noqa: PLR2004 - version and code
        raise ConnectionError(b" ".join(status).decode())
    while (await reader.readline()).strip():
        pass


def _jittered(seconds: float) -> float:
    return seconds * _random.uniform(0.75, 1.25)
