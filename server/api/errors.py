"""Every failure of the JSON API as problem+json with a type of publiq's, whatever raised it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.api.problems import ApiError, Prob, SchemaError
from server.kernel.errors import (
    PROBLEM_TYPE,
    ProblemError,
    answer_problem,
    on_bug,
    on_busy,
    on_unstorable,
)
from shared.wire import problems

_OF_STATUS: Final[Mapping[int, Prob]] = MappingProxyType(
    {
        401: Prob.UNAUTHORIZED,
        403: Prob.FORBIDDEN,
        404: Prob.NOT_FOUND,
        405: Prob.METHOD_NOT_ALLOWED,
        406: Prob.NOT_ACCEPTABLE,
        415: Prob.UNSUPPORTED_MEDIA_TYPE,
    }
)


def install_api_errors(api: FastAPI) -> None:
    """Give the API its way to answer errors."""
    api.add_exception_handler(ProblemError, _on_problem)
    api.add_exception_handler(HTTPException, _on_http)
    api.add_exception_handler(RequestValidationError, _on_validation)
    api.add_exception_handler(OperationalError, on_busy)
    api.add_exception_handler(StaleDataError, on_busy)  # somebody else just deleted what this changes
    api.add_exception_handler(DataError, on_unstorable)
    api.add_exception_handler(OverflowError, on_unstorable)
    api.add_exception_handler(Exception, on_bug)


def answer_error(error: ApiError) -> Response:
    """Answer an `ApiError`; for an operation that returns it, and so keeps what it wrote down."""
    body = json.dumps(error.to_json(), ensure_ascii=False).encode()
    return Response(body, error.status, error.headers, PROBLEM_TYPE)


def _on_problem(request: Request, error: Exception) -> Response:
    """Answer a problem of a layer below, which does not know the types of this API."""
    assert isinstance(error, ProblemError)  # noqa: S101 - how it was registered
    if isinstance(error, ApiError):
        return answer_error(error)
    prob = Prob.RATE_LIMITED if error.type == problems.RATE_LIMITED else _OF_STATUS.get(error.status)
    if prob is None:
        return answer_problem(request, error)
    return answer_error(ApiError(prob, error.detail or error.title, headers=error.headers))


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it was registered
    return _on_problem(request, ProblemError(error.status_code, str(error.detail), headers=error.headers))


def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it was registered
    return _on_problem(request, _invalid(request, list(error.errors())))


def _invalid(request: Request, wrong: list[dict[str, Any]]) -> ProblemError:
    """Return what a request that does not fit its operation is answered: all that is wrong at once."""
    in_body = [one for one in wrong if one["loc"][0] == "body"]
    if not in_body:
        return _invalid_address(wrong)
    if any(one["type"] == "json_invalid" for one in in_body):
        return ApiError(Prob.BODY_INVALID_SYNTAX, "The body is not JSON.")
    if any(one["type"] == "missing" and len(one["loc"]) == 1 for one in in_body):
        return ApiError(Prob.BODY_MISSING)
    if "json" not in request.headers.get("content-type", ""):
        return ApiError(Prob.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    return ApiError(
        Prob.BODY_INVALID_DATA,
        schema_errors=[SchemaError(_pointer(one["loc"][1:]), one["msg"]) for one in in_body],
    )


def _invalid_address(wrong: list[dict[str, Any]]) -> ProblemError:
    by_place = {one["loc"][0]: one for one in wrong}
    if "path" in by_place:
        return ApiError(Prob.NOT_FOUND)
    if "header" in by_place:
        one = by_place["header"]
        prob = Prob.HEADER_MISSING if one["type"] == "missing" else Prob.HEADER_INVALID
        return ApiError(prob, f"{one['loc'][-1]}: {one['msg']}")
    for one in wrong:
        if one["loc"][-1] == "limit" and one["type"] == "less_than_equal":
            return ApiError(Prob.QUERY_LIMIT_EXCEEDED, f"limit: {one['msg']}")
    # The API has no type for it: the status says it all (RFC 9457, about:blank).
    detail = "; ".join(f"{one['loc'][-1]}: {one['msg']}" for one in wrong)
    return ProblemError(400, "Bad Request", detail=detail)


def _pointer(place: tuple[str | int, ...]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
