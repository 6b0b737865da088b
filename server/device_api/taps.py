"""POST taps: the hot path. One transaction: who speaks, what is new, the verdicts.

Uploads that come while another is under way are taken in together: a transaction costs as much as
fifty taps, and the more zuilen come back at once, the more of them share one. One is under way in each
process: a second would only take turns with it, and begins when the first is held up. A lone upload does
not wait, and an upload that cannot be taken in with others is taken in alone.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy.exc import OperationalError
from starlette.requests import Request
from starlette.responses import Response

from server.checkins.upload import Delivery, take_uploads
from server.device_api.authentication import Speaker, identify_all
from server.device_api.bodies import answer, read_body, read_message
from server.kernel.bulk import DoubleError
from server.kernel.database import Database
from server.kernel.errors import ProblemError
from shared.wire.messages import Upload

MOST_TOGETHER: Final = 16
MOST_AT_ONCE: Final = 4
"""Transactions of one process under way, all but one of them held up: somebody else has a row they need."""
PATIENCE_SECONDS: Final = 1.0
"""One that takes longer is held up."""
MOST_BYTES: Final = 1 << 20
"""Bodies taken in together; one of a thousand taps goes alone."""
GATHER_SECONDS: Final = 0.004
"""Zuilen that were answered together come back together with what they have left: most within this time."""
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class _Arrived(NamedTuple):
    """A request for which somebody waits."""

    request: Request
    body: bytes
    answered: asyncio.Future[Response]


class Intake:
    """The uploads of one process, in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Arrived] = deque()
        self._working = 0
        self._held_up = 0
        self._wanted = 0
        self._gathered = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, request: Request, body: bytes) -> Response:
        """Return the answer to an upload.

        Raises:
            ProblemError: it is refused; see `identify_all` and `read_message`.
        """
        arrived = _Arrived(request, body, asyncio.get_running_loop().create_future())
        self._waiting.append(arrived)
        if len(self._waiting) >= self._wanted:
            self._gathered.set()
        self._begin()
        return await arrived.answered

    def _begin(self) -> None:
        """Begin with who waits, unless a transaction is under way that will come to them soon."""
        if self._waiting and self._working == self._held_up < MOST_AT_ONCE:
            self._working += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _work(self) -> None:
        try:
            while self._waiting:
                together = self._next()
                answers = await self._patiently(asyncio.to_thread(self._take_in, together))
                for one, result in zip(together, answers, strict=True):
                    _settle(one.answered, result)
                if len(self._waiting) < len(together) > 1:
                    await self._gather(len(together))
        finally:
            self._working -= 1

    async def _gather(self, many: int) -> None:
        """Wait until as many are there, for a moment."""
        self._wanted = many
        self._gathered.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._gathered.wait(), GATHER_SECONDS)

    async def _patiently(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what `work` returns; when it is held up, others go on beside it."""
        task = asyncio.create_task(work)
        done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
        if done:
            return task.result()
        self._held_up += 1
        self._begin()
        try:
            return await task
        finally:
            self._held_up -= 1

    def _next(self) -> list[_Arrived]:
        together, size = [self._waiting.popleft()], 0
        while self._waiting and len(together) < MOST_TOGETHER:
            size += len(together[-1].body)
            if size + len(self._waiting[0].body) > MOST_BYTES:
                break
            together.append(self._waiting.popleft())
        return together

    def _take_in(self, together: Sequence[_Arrived]) -> list[Response | Exception]:
        if len(together) > 1:
            try:
                return self._transaction(together)
            except OperationalError as unreachable:
                # The database is gone, or held up: each alone would wait as long again.
                return [unreachable] * len(together)
            except Exception:  # noqa: BLE001 - whose fault it is shows when each is taken in alone
                _log.debug("uploads cannot be taken in together", exc_info=True)
        return [self._alone(one) for one in together]

    def _alone(self, one: _Arrived) -> Response | Exception:
        try:
            try:
                (result,) = self._transaction([one])
            except DoubleError:
                (result,) = self._transaction([one], careful=True)
        except Exception as error:  # noqa: BLE001 - raised where this request is handled
            return error
        return result

    def _transaction(
        self, together: Sequence[_Arrived], *, careful: bool = False
    ) -> list[Response | Exception]:
        with self._database.writing() as session:
            who = identify_all(session, [(one.request, one.body) for one in together])
            read = [_read(*pair) for pair in zip(together, who, strict=True)]
            deliveries = [one for one in read if isinstance(one, Delivery)]
            if len({one.kiosk for one in deliveries}) < len(deliveries):
                raise DoubleError("two uploads of one zuil cannot be taken in together")
            now = time.time_ns() // 1_000_000
            taken = iter(take_uploads(session, deliveries, now, careful=careful) if deliveries else ())
        return [
            answer(one.request, next(taken)) if isinstance(what, Delivery) else what
            for one, what in zip(together, read, strict=True)
        ]


async def upload_taps(request: Request) -> Response:
    """Take in rows of a journal; also those of a blocked zuil."""
    intake: Intake = request.app.state.intake
    return await intake.take(request, await read_body(request))


def _read(arrived: _Arrived, who: Speaker | ProblemError) -> Delivery | ProblemError:
    if isinstance(who, ProblemError):
        return who
    try:
        return Delivery(who.kiosk, read_message(arrived.request, arrived.body, Upload))
    except ProblemError as problem:
        return problem


def _settle(future: asyncio.Future[Response], result: Response | Exception) -> None:
    if future.cancelled():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)
