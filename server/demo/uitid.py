"""The form that stands in for UiTiD when a program of a partner has somebody log in. Demo only."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from pydantic import BaseModel
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from server.api.clients import find_client
from server.api.standin import Asked, Person, is_program, way_back
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.staff.access import open_to_strangers
from server.staff.models import Staff
from server.web.templating import page

router = APIRouter(prefix="/demo/uitid", dependencies=[Depends(open_to_strangers)], include_in_schema=False)


class LoginAsked(BaseModel):
    """What a program sent along (OpenID Connect)."""

    client_id: str = ""
    redirect_uri: str = ""
    state: str = ""
    nonce: str = ""
    code_challenge: str = ""


class LoginForm(LoginAsked):
    """Who somebody says he is. staff: the UiTiD of one of the demo people, instead of an address."""

    email: str = ""
    insz: str = ""
    staff: str = ""


@router.get("")
def show_form(request: Request, session: RequestSession, asked: Annotated[LoginAsked, Query()]) -> Response:
    """Ask who somebody wants to be."""
    return _page(request, session, asked)


@router.post("")
def log_in(request: Request, session: RequestSession, form: Annotated[LoginForm, Form()]) -> Response:
    """Show the way back to the program; it is a link, for our forms lead to no other site."""
    address = form.email.strip().lower()
    known = select(Staff).where(Staff.uitid == form.staff)
    staff = session.exec(known).first() if form.staff else None
    if staff is None and not address:
        return _page(request, session, form)
    subject = staff.uitid if staff is not None and staff.uitid else f"demo|{address}"
    who = Person(subject, address, form.insz.strip())
    asked = Asked(form.client_id, form.redirect_uri, form.code_challenge, form.nonce)
    return _page(request, session, form, way_back(session, asked, who, form.state, datetime.now(UTC)))


def _page(request: Request, session: Session, asked: LoginAsked, back: str = "") -> Response:
    client = find_client(session, asked.client_id)
    if client is None or not is_program(asked.redirect_uri):
        raise ProblemError(404, "There is no such program here.")
    people = session.exec(select(Staff).where(col(Staff.uitid).is_not(None)).order_by(col(Staff.name)))
    return page(request, "demo/uitid.html", client=client, asked=asked, people=list(people), back=back)
