"""Put the shell around an application: static files, error pages, headers, the way to the login."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from server.kernel.errors import ProblemError
from server.kernel.routes import add_routes
from server.staff.access import LoginRequiredError, PostRequiredError, TermsRequiredError
from server.web import login, pages
from server.web.errors import error_page
from server.web.kept import KeepAnswers
from server.web.security import Shield
from server.web.templating import STATIC

OPEN_PREFIXES: Final = ("/device/", "/api/")
BUSY_PREFIXES: Final = ("/c/", *OPEN_PREFIXES)
SEE_OTHER: Final = 303
_PLACES: Final[Mapping[type[Exception], str]] = {
    PostRequiredError: "/login/balie",
    TermsRequiredError: "/login/voorwaarden",
}


class _Kept(StaticFiles):
    """Static files whose address changes with their content: browsers may keep them for a year."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


class _Static:
    """The static files, compressed."""

    def __init__(self) -> None:
        self._app = GZipMiddleware(_Kept(directory=STATIC, check_dir=False), minimum_size=1000)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def install_shell(app: FastAPI) -> None:
    """Give `app` the shell. Its `state.settings` and `state.database` are there when requests come."""
    app.state.error_page = _on_problem
    app.add_exception_handler(LoginRequiredError, _to_login)
    app.add_exception_handler(PostRequiredError, _to_login)
    app.add_exception_handler(TermsRequiredError, _to_login)
    app.add_middleware(KeepAnswers, busy_prefixes=BUSY_PREFIXES)
    app.add_middleware(Shield, open_prefixes=OPEN_PREFIXES)
    app.mount("/static", _Static(), name="static")
    add_routes(app, pages.router, login.router)


def _on_problem(request: Request, problem: ProblemError) -> Response:
    response = error_page(request, problem.status, problem.type.removeprefix("zuil:"))
    response.headers.update(problem.headers)
    return response


def _to_login(request: Request, error: Exception) -> Response:
    place = _PLACES.get(type(error), "/login")
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": place})
    path = request.url.path if request.method == "GET" else "/"
    return RedirectResponse(f"{place}?naar={quote(path)}", SEE_OTHER)
