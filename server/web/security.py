"""What the server adds to every answer, and asks of every request that changes something.

A plain ASGI wrapper, so that event streams pass through untouched.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.web.errors import error_page
from server.web.headers import add_security_headers

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Shield:
    """Refuses changes asked for by another site's page and sets the security headers.

    `open_prefixes` are paths whose callers prove themselves per request (a signature) and never
    by a cookie, so another site cannot act in their name.
    """

    def __init__(self, app: ASGIApp, open_prefixes: tuple[str, ...] = ()) -> None:
        self._app = app
        self._open = open_prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_shielded(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_security_headers(MutableHeaders(scope=message))
            await send(message)

        if self._refuses(scope):
            answer = error_page(Request(scope), 403, "origin")
            await answer(scope, receive, send_shielded)
        else:
            await self._app(scope, receive, send_shielded)

    def _refuses(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or scope["path"].startswith(self._open or ("\0",)):
            return False
        return not is_same_origin(Headers(scope=scope))


def is_same_origin(headers: Headers) -> bool:
    """Tell whether a page of this very site sent the request.

    Browsers say so themselves in `Sec-Fetch-Site`; older ones send `Origin`, whose host must
    then be the one asked for. A request with neither does not come from a form of ours.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
