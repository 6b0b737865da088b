"""A pashouder logs in with his UiTiD, for one deed, and stays for half an hour to see what is his."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.api.wire import address_of
from server.kernel.errors import ProblemError
from server.kernel.notes import open_note, seal_note
from server.passholders.models import Passholder
from server.settings import Settings
from server.staff import oidc
from server.uitid.linking import Uitid
from server.web.login import issuer_of, local_path, login_failed, set_cookie

COMES_BACK: Final = "/mijn-uitpas/terug"
_COOKIE: Final = "uitpas_login"
_LIFE: Final = timedelta(minutes=10)
_PURPOSE: Final = "uitid-login"
_WHO: Final = "uitid-who"
OWN_COOKIE: Final = "uitpas_mijn"
_OWN: Final = "uitid-own"
_OWN_LIFE: Final = timedelta(minutes=30)
_WHO_LIFE: Final = timedelta(minutes=30)


def go_to_uitid(request: Request, session: Session, back_to: str) -> Response:
    """Send somebody to UiTiD; he comes back for the deed at `back_to`.

    Raises:
        ProblemError: UiTiD does not answer, or is not set up here.
    """
    try:
        url, attempt = oidc.begin(issuer_of(request), address_of(request) + COMES_BACK, back_to)
    except oidc.LoginError as error:
        raise login_failed(error) from error
    kept = [attempt.state, attempt.nonce, attempt.verifier, attempt.back_to]
    response = RedirectResponse(url, 303)
    note = seal_note(session, _PURPOSE, kept, datetime.now(UTC) + _LIFE)
    set_cookie(request, response, _COOKIE, note, int(_LIFE.total_seconds()))
    return response


def back_from_uitid(request: Request, session: Session) -> tuple[Uitid, str]:
    """Return who came back from UiTiD, and for which deed.

    Raises:
        ProblemError: 403, it is not who left, or UiTiD does not vouch for him.
    """
    kept = open_note(session, _PURPOSE, request.cookies.get(_COOKIE, ""), datetime.now(UTC))
    if kept is None:
        raise login_failed(ValueError("no login was begun in this browser"))
    attempt = oidc.Attempt(*map(str, kept))
    try:
        found = oidc.finish(issuer_of(request), address_of(request) + COMES_BACK, attempt, str(request.url))
    except oidc.LoginError as error:
        raise login_failed(error) from error
    return Uitid(found.subject, found.v1, found.email, found.insz), local_path(attempt.back_to)


def stay(request: Request, response: Response, session: Session, holder: Passholder) -> None:
    """Let somebody who just logged in see what is his for a while."""
    note = seal_note(session, _OWN, [holder.ref], datetime.now(UTC) + _OWN_LIFE)
    set_cookie(request, response, OWN_COOKIE, note, int(_OWN_LIFE.total_seconds()))


def who_stays(request: Request, session: Session) -> Passholder | None:
    """Return who logged in on this phone a while ago."""
    content = open_note(session, _OWN, request.cookies.get(OWN_COOKIE, ""), datetime.now(UTC))
    holder = session.get(Passholder, content[0]) if content is not None else None
    return None if holder is None or holder.is_deleted else holder


def stands_in(request: Request) -> bool:
    """Tell whether the demo's form stands in for UiTiD."""
    settings: Settings = request.app.state.settings
    return settings.demo and not settings.oidc_issuer


def demo_uitid(request: Request, email: str, insz: str) -> Uitid:
    """Return who somebody says he is; exists only in a demo.

    Raises:
        ProblemError: 404, this is no demo.
    """
    if not stands_in(request) or not email.strip():
        raise ProblemError(404, "There is nobody like that here.")
    address = email.strip().lower()
    return Uitid(f"demo|{address}", email=address, insz=insz.strip() or None)


def note_of(session: Session, who: Uitid) -> str:
    """Return a note of who logged in, for the form he has yet to fill in."""
    return seal_note(session, _WHO, list(who), datetime.now(UTC) + _WHO_LIFE)


def who_is(session: Session, note: str) -> Uitid | None:
    """Return who logged in; None when that was too long ago."""
    content = open_note(session, _WHO, note, datetime.now(UTC))
    if content is None:
        return None
    subject, *others = (None if one is None else str(one) for one in content)
    return Uitid(str(subject), *others)
