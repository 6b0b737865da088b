"""Bodies of requests and answers: bounded, and compressed with zstandard when the other side does."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
import zstandard
from starlette.requests import Request
from starlette.responses import Response

from server.kernel.errors import ProblemError
from shared.wire import problems

MAX_BODY: Final = 1 << 20
"""Bytes on the wire; a thousand taps are a third of it."""
MAX_PLAIN: Final = 8 << 20
"""Bytes after decompression."""
SMALL: Final = 512
"""Below it compression gains nothing."""

M = TypeVar("M")


async def read_body(request: Request) -> bytes:
    """Return the bytes of the body as they were sent and signed.

    Raises:
        ProblemError: 413, larger than `MAX_BODY`.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise _too_large()
        parts.append(part)
    return b"".join(parts)


def read_message(request: Request, body: bytes, kind: type[M]) -> M:
    """Decompress and decode a body.

    Raises:
        ProblemError: 400, it cannot be read; 413, it is larger than `MAX_PLAIN` when decompressed.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "zstd":
        body = _decompress(body)
    elif encoding != "identity":
        raise ProblemError(415, "Only zstd is understood as Content-Encoding.", type=problems.MALFORMED)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        title = "This message cannot be read."
        raise ProblemError(400, title, type=problems.MALFORMED, detail=str(error)) from error


def answer(request: Request, message: Any, status: int = 200) -> Response:  # noqa: ANN401 - any message
    """Return a message as JSON, compressed when the zuil takes that."""
    body = msgspec.json.encode(message)
    headers = {"Cache-Control": "no-store"}
    if len(body) > SMALL and "zstd" in request.headers.get("accept-encoding", ""):
        body = zstandard.ZstdCompressor(level=3).compress(body)
        headers["Content-Encoding"] = "zstd"
    return Response(body, status, headers, "application/json")


def _decompress(body: bytes) -> bytes:
    reader = zstandard.ZstdDecompressor(max_window_size=MAX_PLAIN).stream_reader(body)
    try:
        plain = reader.read(MAX_PLAIN + 1)
    except zstandard.ZstdError as error:
        raise ProblemError(400, "This message is not zstandard data.", type=problems.MALFORMED) from error
    if len(plain) > MAX_PLAIN:
        raise _too_large()
    return plain


def _too_large() -> ProblemError:
    return ProblemError(413, "This message is too large.", type=problems.TOO_LARGE)
