"""Files that a page sends."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response, StreamingResponse


def send_table(rows: Iterable[str], name: str) -> Response:
    """Send a CSV file as its rows come; no cache keeps it, it may be about people."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return StreamingResponse(iter(rows), media_type="text/csv; charset=utf-8", headers=headers)
