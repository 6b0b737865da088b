"""What answers a form is kept for a while under an address of its own, so that "back" finds it again.

A page that answers a POST cannot be shown a second time: a browser that goes back to it shows an error.
So the browser is sent on to the answer (post, redirect, get), which is kept sealed, for this browser as
it is logged in now, and forgotten after half an hour. A script, or a program, gets its answer at once.

A form with a mark (`new_form`) keeps what was typed last, and one answer: who goes back to an earlier one
finds the form as it was last filled in, not what was wrong with it before.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from sqlalchemy import delete
from sqlmodel import Session, col
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.kernel.database import Database, vault_of
from server.staff.access import COOKIE
from server.web.login import set_cookie
from server.web.models import KeptAnswer

ASKED: Final = "antwoord"
FORM: Final = "formulier"
LIFE: Final = timedelta(minutes=30)
_BROWSER: Final = "zuil_blad"
_SEE_OTHER: Final = 303
_ONLY_POST: Final = 405
_ANSWERS: Final = frozenset({200, 409, 422})
_LASTING: Final = frozenset({"content-type", "content-security-policy", "permissions-policy"})
"""Headers of an answer that belong to its page."""


class KeepAnswers:
    """Sends a browser on to the page that answers its form.

    `busy_prefixes` are paths that thousands of phones may post to at once, with nothing to go back to.
    """

    def __init__(self, app: ASGIApp, busy_prefixes: tuple[str, ...] = ()) -> None:
        self._app = app
        self._busy = busy_prefixes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if not self._is_for(scope):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        mark = request.query_params.get(ASKED) if request.method == "GET" else None
        if mark is None:
            await self._app(scope, receive, _Watched(request, send).pass_on)
            return
        kept = await run_in_threadpool(_find, request, mark)
        await (kept or _back_to_form(request))(scope, receive, send)

    def _is_for(self, scope: Scope) -> bool:
        if scope["type"] != "http" or scope["path"].startswith(self._busy or ("\0",)):
            return False
        return Headers(scope=scope).get("sec-fetch-mode") == "navigate"


class _Watched:
    """An answer on its way to a browser."""

    def __init__(self, request: Request, send: Send) -> None:
        self._request = request
        self._send = send
        self._start: Message | None = None
        self._body = bytearray()

    async def pass_on(self, message: Message) -> None:
        """Let a message go, or hold it until something else can go instead."""
        if message["type"] == "http.response.start" and self._is_held(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_instead(self._start)

    def _is_held(self, start: Message) -> bool:
        if self._request.method == "GET":
            return bool(start["status"] == _ONLY_POST)
        is_page = Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")
        return self._request.method == "POST" and is_page and start["status"] in _ANSWERS

    async def _send_instead(self, start: Message) -> None:
        request, path = self._request, self._request.url.path
        if request.method == "GET":
            # Its answer is forgotten, or somebody copied the address: what it was about is one step up.
            response = _go_to(path.rpartition("/")[0] or "/")
        else:
            mark = await run_in_threadpool(_keep, request, start, bytes(self._body))
            form = getattr(request.state, "kept_form", None)
            query = {ASKED: mark} | ({FORM: form} if form else {})
            response = _go_to(path, f"?{urlencode(query)}")
            response.raw_headers.extend(one for one in start["headers"] if one[0] == b"set-cookie")
            set_cookie(request, response, _BROWSER, _browser(request), int(LIFE.total_seconds()))
        await response(request.scope, request.receive, self._send)


def new_form() -> str:
    """Return a mark for a form, under which `keep_typed` keeps it; it stands in the address of its page."""
    return secrets.token_urlsafe(16)


def keep_typed(request: Request, session: Session, form: str, typed: Mapping[str, object]) -> None:
    """Keep what was typed in a form, for who goes back to its page; forget its answer until now."""
    before = _kept_form(request, session, form)
    if before is not None:
        session.execute(delete(KeptAnswer).where(col(KeptAnswer.mark) == before["answer"]))
    request.state.kept_form, request.state.kept_mark = form, new_form()
    content = {"typed": typed, "answer": request.state.kept_mark}
    sealed = vault_of(session).seal(json.dumps(content).encode())
    until = datetime.now(UTC) + LIFE
    session.merge(KeptAnswer(mark=form, owner=_owner(request), sealed=sealed, until=until))


def typed_before(request: Request, session: Session, form: str) -> dict[str, Any] | None:
    """Return what was typed in a form; None when it is another browser's, new, or forgotten."""
    kept = _kept_form(request, session, form)
    return None if kept is None else kept["typed"]


def forget_typed(session: Session, form: str) -> None:
    """Forget what was typed in a form: it did what it is for."""
    session.execute(delete(KeptAnswer).where(col(KeptAnswer.mark) == form))


def forget_answers(session: Session, now: datetime) -> None:
    """Forget the answers whose time is over."""
    session.execute(delete(KeptAnswer).where(col(KeptAnswer.until) < now))


def _keep(request: Request, start: Message, body: bytes) -> str:
    """Keep an answer; return its mark."""
    database: Database = request.app.state.database
    lasting = {name: value for name, value in Headers(raw=start["headers"]).items() if name in _LASTING}
    content = json.dumps([start["status"], lasting, body.decode()]).encode()
    answer = KeptAnswer(
        mark=getattr(request.state, "kept_mark", None) or new_form(),
        owner=_owner(request),
        sealed=database.vault.seal(zlib.compress(content, 1)),
        until=datetime.now(UTC) + LIFE,
    )
    mark = answer.mark
    with database.writing() as session:
        session.add(answer)
    return mark


def _find(request: Request, mark: str) -> Response | None:
    """Return a kept answer; None when it is another browser's, or its time is over."""
    database: Database = request.app.state.database
    with database.reading() as session:
        found = _own(request, session, mark)
        if found is None:
            return None
        content = zlib.decompress(database.vault.unseal(found.sealed))
    status, headers, body = json.loads(content)
    return Response(body, status, {**headers, "cache-control": "no-store"})


def _kept_form(request: Request, session: Session, form: str) -> dict[str, Any] | None:
    """Return what was typed in a form and the mark of its answer, which may not be there yet."""
    found = _own(request, session, form)
    return None if found is None else json.loads(vault_of(session).unseal(found.sealed))


def _back_to_form(request: Request) -> RedirectResponse:
    form = request.query_params.get(FORM)
    return _go_to(request.url.path, f"?{urlencode({FORM: form})}" if form else "")


def _own(request: Request, session: Session, mark: str) -> KeptAnswer | None:
    found = session.get(KeptAnswer, mark)
    is_there = found is not None and found.owner == _owner(request) and found.until > datetime.now(UTC)
    return found if is_there else None


def _browser(request: Request) -> str:
    """Return what tells this browser from others; the same for the whole request."""
    if not hasattr(request.state, "browser"):
        request.state.browser = request.cookies.get(_BROWSER) or secrets.token_urlsafe(16)
    browser: str = request.state.browser
    return browser


def _owner(request: Request) -> bytes:
    """Return whose answer it is: this browser's, as long as the same person is logged in."""
    login = request.cookies.get(COOKIE, "")
    return hashlib.sha256(f"{_browser(request)} {login}".encode()).digest()


def _go_to(path: str, query: str = "") -> RedirectResponse:
    return RedirectResponse(quote(path) + query, _SEE_OTHER)
