"""The door of every page: each route says which permission it needs, or that it is open to all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.roles import Permission
from server.staff.sessions import Acting, find_session

COOKIE: Final = "zuil_sessie"


class LoginRequiredError(Exception):
    """Nobody is logged in; the visitor is sent to the login page and back."""


class PostRequiredError(Exception):
    """Someone is logged in and has yet to choose for which counter."""


class TermsRequiredError(Exception):
    """Someone is about to work at a counter and has yet to accept the terms of use (rules 2.7)."""


@dataclass(frozen=True)
class Requires:
    """A dependency that lets through who has `permission` in the function chosen now.

    Equal ones are one to FastAPI: however many parts of a page require it, it is looked up once.

    Raises:
        LoginRequiredError, PostRequiredError, TermsRequiredError: first log in, choose, or accept.
        ProblemError: 403.
    """

    permission: Permission

    def __call__(self, request: Request, session: RequestSession) -> Acting:
        """Return who asks."""
        acting = open_to_all(request, session)
        if acting is None:
            raise LoginRequiredError
        if acting.post is None:
            raise PostRequiredError
        if acting.counter_id is not None and not acting.has_terms:
            raise TermsRequiredError
        if not acting.may(self.permission):
            raise ProblemError(403, "Your function does not allow this.")
        return acting


def open_to_all(request: Request, session: RequestSession) -> Acting | None:
    """Let everyone in, and know who it is for the menu."""
    token = request.cookies.get(COOKIE)
    acting = find_session(session, token, datetime.now(UTC)) if token else None
    request.state.acting = acting
    return acting


def open_to_strangers() -> None:
    """Let everyone in without looking who it is: for phones of pashouders, who never log in."""


def acting_of(request: Request) -> Acting | None:
    """Return who is logged in, as far as the route looked; None on pages that did not."""
    acting: Acting | None = getattr(request.state, "acting", None)
    return acting


Visitor = Annotated[Acting | None, Depends(open_to_all)]
