"""Who works at the chosen counter, for the member who says who does (rules 2.6)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.database import RequestSession
from server.organisation.inviting import InviteForm, dismiss, invite, people_facts
from server.organisation.membership import Place
from server.settings import Settings
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

HERE: Final = "/balie/collegas"
NEEDS_INPUT: Final = 422

router = APIRouter(prefix=HERE, include_in_schema=False)

Leader = Annotated[Acting, Depends(Requires(Permission.MANAGE_COLLEAGUES))]


@router.get("")
def show_colleagues(request: Request, session: RequestSession, acting: Leader, gelukt: str = "") -> Response:
    """Show who works at the counter, with the form to add somebody."""
    return _page(request, session, acting, done=gelukt)


@router.post("")
def add_colleague(
    request: Request, session: RequestSession, acting: Leader, form: Annotated[InviteForm, Form()]
) -> Response:
    """Let somebody work at the counter."""
    settings: Settings = request.app.state.settings
    done, errors = invite(session, acting, _place(acting), form, speak(request), settings=settings)
    if errors:
        return _page(request, session, acting, form=form, errors=errors)
    return RedirectResponse(f"{HERE}?gelukt={done}", 303)


@router.post("/verwijderen")
def remove_colleague(session: RequestSession, acting: Leader, role_id: Annotated[int, Form()]) -> Response:
    """Have somebody work at the counter no longer."""
    member = dismiss(session, acting, _place(acting), role_id)
    return RedirectResponse("/" if member.staff_id == acting.staff_id else f"{HERE}?gelukt=verwijderd", 303)


def _place(acting: Acting) -> Place:
    return Place(counter_id=acting.counter_id)


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    *,
    form: InviteForm | None = None,
    errors: Mapping[str, str] = MappingProxyType({}),
    done: str = "",
) -> Response:
    settings: Settings = request.app.state.settings
    place, _ = _place(acting), speak(request)
    facts = people_facts(session, acting, place, _, settings=settings, form=form, errors=errors)
    status = NEEDS_INPUT if errors else 200
    return page(request, "organisation/colleagues.html", status=status, here=HERE, done=done, **facts)
