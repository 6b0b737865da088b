"""Logging in with UiTiD, choosing a counter, logging out; in a demo a stand-in for UiTiD."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.audit import record
from server.kernel.database import RequestSession, WritingSession
from server.kernel.errors import ProblemError
from server.settings import Settings
from server.staff import oidc, sessions
from server.staff.access import COOKIE, Visitor, open_to_all
from server.staff.models import Staff
from server.staff.people import recognise
from server.web.i18n import speak
from server.web.templating import page
from server.web.words import role_can, role_word

ATTEMPT_COOKIE: Final = "zuil_login"
ATTEMPT_SECONDS: Final = 600
SEE_OTHER: Final = 303
_log = logging.getLogger(__name__)

router = APIRouter(dependencies=[Depends(open_to_all)], include_in_schema=False)


@router.get("/login")
def show_login(request: Request, session: RequestSession, naar: str = "/") -> Response:
    """Show the ways in."""
    settings: Settings = request.app.state.settings
    people = _demo_people(request, session) if settings.demo else []
    return page(
        request,
        "web/login.html",
        people=people,
        issuer=settings.oidc_issuer,
        back_to=local_path(naar),
    )


@router.get("/login/uitid")
async def go_to_issuer(request: Request, naar: str = "/") -> Response:
    """Send the visitor to the issuer, with a signed note of what must come back."""
    issuer = issuer_of(request)
    try:
        url, attempt = await run_in_threadpool(oidc.begin, issuer, _redirect_uri(request), local_path(naar))
    except oidc.LoginError as error:
        raise login_failed(error) from error
    response = RedirectResponse(url, SEE_OTHER)
    set_cookie(request, response, ATTEMPT_COOKIE, _signer(request).dumps(attempt.to_json()), ATTEMPT_SECONDS)
    return response


@router.get("/login/terug")
def come_back(request: Request, session: WritingSession) -> Response:
    """Take the visitor back from the issuer and log in the member of staff with this UiTiD."""
    try:
        note = _signer(request).loads(request.cookies.get(ATTEMPT_COOKIE, ""), max_age=ATTEMPT_SECONDS)
        attempt = oidc.Attempt(**note)
        identity = oidc.finish(issuer_of(request), _redirect_uri(request), attempt, str(request.url))
    except (BadSignature, oidc.LoginError) as error:
        raise login_failed(error) from error
    staff = recognise(session, identity)
    if staff is None:
        return page(request, "web/unknown-staff.html", status=403, identity=identity)
    return _log_in(request, session, staff, attempt.back_to)


@router.post("/login/demo")
def log_in_as_demo_person(
    request: Request,
    session: RequestSession,
    staff_id: Annotated[int, Form()],
    naar: Annotated[str, Form()] = "/",
) -> Response:
    """Be one of the demo people; exists only in a demo."""
    staff = session.get(Staff, staff_id) if request.app.state.settings.demo else None
    if staff is None:
        raise ProblemError(404, "There is nobody like that here.")
    return _log_in(request, session, staff, local_path(naar))


@router.get("/login/balie")
def show_posts(request: Request, acting: Visitor, naar: str = "/") -> Response:
    """Show the functions of this person, to choose one."""
    if acting is None:
        return RedirectResponse("/login", SEE_OTHER)
    _ = speak(request)
    posts = [(post, role_word(_, post.role)) for post in acting.posts]
    return page(request, "web/posts.html", posts=posts, back_to=local_path(naar))


@router.post("/login/balie")
def choose_post(
    request: Request,
    session: RequestSession,
    acting: Visitor,
    post_id: Annotated[int, Form()],
    naar: Annotated[str, Form()] = "/",
) -> Response:
    """Work in the chosen function from now on."""
    if acting is None:
        return RedirectResponse("/login", SEE_OTHER)
    post = sessions.choose_post(session, request.cookies[COOKIE], acting, post_id)
    if post is None:
        raise ProblemError(403, "This is not one of your functions.")
    return RedirectResponse(_start(local_path(naar), (post,)), SEE_OTHER)


@router.get("/login/voorwaarden")
def show_terms(request: Request, acting: Visitor, naar: str = "/") -> Response:
    """Show the terms of use, to accept them or to read them again."""
    if acting is None:
        return RedirectResponse("/login", SEE_OTHER)
    return page(request, "web/terms.html", back_to=local_path(naar))


@router.post("/login/voorwaarden")
def accept_terms(session: RequestSession, acting: Visitor, naar: Annotated[str, Form()] = "/") -> Response:
    """Write down that this person accepted the terms of use."""
    if acting is None:
        return RedirectResponse("/login", SEE_OTHER)
    sessions.accept_terms(session, acting.staff_id, datetime.now(UTC))
    return RedirectResponse(local_path(naar), SEE_OTHER)


@router.post("/logout")
def log_out(request: Request, session: RequestSession) -> Response:
    """End the session here and at the database."""
    sessions.close_session(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/", SEE_OTHER)
    response.delete_cookie(COOKIE)
    return response


def local_path(text: str) -> str:
    """Return `text` when it is a path on this site, else the start page: no login sends people elsewhere."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if is_local else "/"


def _log_in(request: Request, session: RequestSession, staff: Staff, back_to: str) -> Response:
    staff_id = staff.id or 0
    token = sessions.open_session(session, staff_id, datetime.now(UTC))
    record(session, "login", "staff", staff_id, staff_id=staff_id)
    response = RedirectResponse(_start(back_to, sessions.posts_of(session, staff_id)), SEE_OTHER)
    set_cookie(request, response, COOKIE, token, int(sessions.LIFETIME.total_seconds()))
    response.delete_cookie(ATTEMPT_COOKIE)
    return response


def _start(back_to: str, posts: tuple[sessions.Post, ...]) -> str:
    if len(posts) != 1:
        return f"/login/balie?naar={back_to}"
    if back_to != "/":
        return back_to
    return "/dashboard/zuilen" if posts[0].counter_id is None else "/balie"


def _demo_people(request: Request, session: RequestSession) -> list[dict[str, object]]:
    _ = speak(request)
    return [
        {
            "id": staff.id,
            "name": staff.name,
            "posts": [
                {"place": post.place, "role": role_word(_, post.role), "can": role_can(_, post.role)}
                for post in sessions.posts_of(session, staff.id or 0)
            ],
        }
        for staff in session.exec(select(Staff).order_by(col(Staff.id)))
    ]


def issuer_of(request: Request) -> oidc.Issuer:
    """Return where people log in.

    Raises:
        ProblemError: 404, nowhere.
    """
    settings: Settings = request.app.state.settings
    if not settings.oidc_issuer or not settings.oidc_client_id:
        raise ProblemError(404, "Login with UiTiD is not set up on this server.")
    return oidc.Issuer(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret)


def _redirect_uri(request: Request) -> str:
    settings: Settings = request.app.state.settings
    return f"{settings.public_url or str(request.base_url).rstrip('/')}/login/terug"


def _signer(request: Request) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(request.app.state.settings.secret_key, salt="zuil.login")


def set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    """Set a cookie that no script reads, over https alone where the site has that."""
    secure = (request.app.state.settings.public_url or str(request.base_url)).startswith("https:")
    response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure)


def login_failed(error: Exception) -> ProblemError:
    """Return what is told of a login that did not succeed; the log says why."""
    _log.warning("a login failed: %s", error)
    return ProblemError(403, "The login did not succeed.", type="zuil:login")
