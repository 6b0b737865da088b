"""How a request fails: one exception, shown as problem+json to programs and as a page to people."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.wire import messages, problems

PROBLEM_TYPE: Final = "application/problem+json"
_PROGRAM_PATHS: Final = ("/device/", "/api/")
_BITS: Final = 63
"""No number of anything is larger than a database holds."""
_log = logging.getLogger(__name__)

ErrorPage = Callable[[Request, "ProblemError"], Response]


class ProblemError(Exception):
    """A request that cannot be done, in the terms of RFC 9457.

    type: `about:blank` or a short stable name such as `zuil:nonce-used` that a program can act on.
    title: one sentence for a person.
    """

    def __init__(
        self,
        status: int,
        title: str,
        *,
        type: str = "about:blank",  # noqa: A002 - the RFC's word
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.type = type
        self.detail = detail
        self.headers = dict(headers or {})


def install_error_handlers(app: FastAPI) -> None:
    """Give `app` the one way to answer errors; `app.state.error_page` may hold a prettier page for people."""
    app.add_exception_handler(ProblemError, answer_problem)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(OperationalError, on_busy)
    app.add_exception_handler(StaleDataError, on_busy)  # somebody else just deleted what this changes
    app.add_exception_handler(DataError, on_unstorable)
    app.add_exception_handler(OverflowError, on_unstorable)  # SQLite's driver, of a number beyond 64 bits
    app.add_exception_handler(Exception, on_bug)


def answer_problem(request: Request, error: Exception) -> Response:
    """Answer a `ProblemError`: a page to a person, problem+json to a program."""
    assert isinstance(error, ProblemError)  # noqa: S101 - how it was registered
    if wants_page(request):
        return _page(request, error)
    body = messages.Problem(type=error.type, title=error.title, status=error.status, detail=error.detail)
    return Response(msgspec.json.encode(body), error.status, error.headers, PROBLEM_TYPE)


def _page(request: Request, error: ProblemError) -> Response:
    page: ErrorPage | None = getattr(request.app.state, "error_page", None)
    if page is not None:
        return page(request, error)
    return PlainTextResponse(f"{error.title}\n{error.detail}".strip() + "\n", error.status, error.headers)


def wants_page(request: Request) -> bool:
    """Return True when a person in a browser asks, False for a program."""
    if request.url.path.startswith(_PROGRAM_PATHS):
        return False
    return "text/html" in request.headers.get("accept", "")


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    problem = ProblemError(error.status_code, str(error.detail), headers=error.headers)
    return answer_problem(request, problem)


def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it was registered
    if all(item["loc"][0] == "path" for item in error.errors()):
        return answer_problem(request, ProblemError(404, "There is nothing at this address."))
    places = [".".join(str(step) for step in item["loc"][1:]) + ": " + item["msg"] for item in error.errors()]
    return answer_problem(
        request, ProblemError(422, "The request is not complete.", detail="; ".join(places))
    )


def on_busy(request: Request, error: Exception) -> Response:
    """Answer that the database did not answer."""
    _log.warning("the database did not answer: %s", error)
    problem = ProblemError(
        503, "The server is busy; please try again.", type=problems.BUSY, headers={"Retry-After": "2"}
    )
    return answer_problem(request, problem)


def on_unstorable(request: Request, error: Exception) -> Response:
    """Answer that no database holds what was sent: a text with a zero byte, a number beyond all bounds."""
    _log.warning("the database cannot hold a value: %s", error)
    if any(str(value).isdecimal() and int(value) >> _BITS for value in request.path_params.values()):
        return answer_problem(request, ProblemError(404, "There is nothing at this address."))
    problem = ProblemError(400, "There is something in this request that cannot be stored.")
    return answer_problem(request, problem)


def on_bug(request: Request, error: Exception) -> Response:
    """Answer what nobody foresaw, and log it."""
    _log.error("a request failed", exc_info=error)
    return answer_problem(request, ProblemError(500, "Something went wrong on our side.", type=problems.BUG))
