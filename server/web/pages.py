"""The first page: who are you? And the choice of language."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.errors import ProblemError
from server.settings import Settings
from server.staff.access import open_to_all
from server.web.i18n import COOKIE, LANGUAGES, speak
from server.web.login import local_path
from server.web.navigation import links
from server.web.templating import page

YEAR_SECONDS: Final = 365 * 24 * 3600

router = APIRouter(dependencies=[Depends(open_to_all)], include_in_schema=False)


@router.get("/")
def show_start(request: Request) -> Response:
    """Show one tile for each of the four kinds of people."""
    return page(request, "web/start.html", demo=request.app.state.settings.demo)


@router.get("/dashboard")
def go_to_dashboard(request: Request) -> Response:
    """Lead who types the address of the dashboard to its first page."""
    found = next((link.href for link in links(request, speak(request))), "/login?naar=/dashboard/zuilen")
    return RedirectResponse(found, 303)


@router.get("/pashouder")
def show_passholder(request: Request) -> Response:
    """Explain to a pashouder how saving works: tap, or scan the code on the zuil."""
    return page(request, "web/passholder.html")


@router.get("/technieker")
def show_technician(request: Request) -> Response:
    """Explain to a technician how a zuil is put to work."""
    settings: Settings = request.app.state.settings
    return page(
        request, "web/technician.html", server=settings.public_url or str(request.base_url).rstrip("/")
    )


@router.get("/taal/{language}")
def choose_language(language: str, terug: str = "/") -> Response:
    """Remember the language on this device and go back to the page."""
    if language not in LANGUAGES:
        raise ProblemError(404, "There is no such language here.")
    response = RedirectResponse(local_path(terug), 303)
    response.set_cookie(COOKIE, language, max_age=YEAR_SECONDS, samesite="lax", httponly=True)
    return response
