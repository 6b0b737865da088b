"""The programs of partners: those there are, a new one, its secret, what it may do for each organiser."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session, col, func, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.api.clients import create_client, new_secret, revoke_client
from server.api.grants import Grant, grants_of, put_grants
from server.api.models import ApiClient, ApiGrant
from server.counters.messages import organizers_by_id
from server.counters.reach import counters_in_reach, systems_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.partners.form import (
    ClientForm,
    RightsForm,
    groups_of_permissions,
    permission_words,
    read_client,
    read_rights,
    system_number,
)
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import speak
from server.web.templating import page

NEEDS_INPUT: Final = 422
HERE: Final = "/dashboard/instellingen/partners"
_FINE: Final[Mapping[str, str]] = MappingProxyType({})

router = APIRouter(prefix=HERE, include_in_schema=False)

Keeper = Annotated[Acting, Depends(Requires(Permission.MANAGE_PARTNERS))]


def client_in_reach(session: RequestSession, acting: Keeper, client_id: str) -> ApiClient:
    """Return a client this person looks after.

    Raises:
        ProblemError: 404, there is none, or someone else looks after it.
    """
    client = session.get(ApiClient, client_id)
    if client is None or acting.card_system_id not in (None, client.card_system_id):
        raise ProblemError(404, "You do not look after this program.", type="zuil:place")
    return client


@router.get("")
def show_clients(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show the programs this person looks after."""
    query = select(ApiClient).order_by(col(ApiClient.revoked_at).is_not(None), col(ApiClient.name))
    if acting.card_system_id is not None:
        query = query.where(ApiClient.card_system_id == acting.card_system_id)
    clients = session.exec(query).all()
    return page(request, "partners/list.html", clients=clients, sizes=_sizes(session, clients))


@router.get("/nieuw")
def show_new(request: Request, session: RequestSession, acting: Keeper) -> Response:
    """Show an empty form."""
    return _form_page(request, session, acting, ClientForm(), _FINE)


@router.post("/nieuw")
def add_client(
    request: Request, session: RequestSession, acting: Keeper, form: Annotated[ClientForm, Form()]
) -> Response:
    """Make a program and go to its page."""
    systems = {system.id for system in systems_in_reach(session, acting)}
    wanted, errors = read_client(session, form, speak(request), systems=systems, own=acting.card_system_id)
    if wanted is None:
        return _form_page(request, session, acting, form, errors)
    client = create_client(
        session,
        wanted.name,
        datetime.now(UTC),
        client_id=wanted.client_id,
        card_system_id=wanted.card_system_id,
        staff_id=acting.staff_id,
    )
    return RedirectResponse(f"{HERE}/{client.id}?gelukt=gemaakt", 303)


@router.get("/{client_id}")
def show_client(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    client: Annotated[ApiClient, Depends(client_in_reach)],
    gelukt: str = "",
) -> Response:
    """Show one program: its secret's state and its rights."""
    return _client_page(request, session, acting, client, done=gelukt)


@router.post("/{client_id}/geheim")
def make_secret(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    client: Annotated[ApiClient, Depends(client_in_reach)],
) -> Response:
    """Make a secret and show it, this once."""
    secret = new_secret(session, client, datetime.now(UTC), staff_id=acting.staff_id)
    return _client_page(request, session, acting, client, secret=secret)


@router.post("/{client_id}/intrekken")
def revoke(
    session: RequestSession,
    acting: Keeper,
    client: Annotated[ApiClient, Depends(client_in_reach)],
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Revoke a program for good, when the box that says so is ticked."""
    if sure == "yes" and client.revoked_at is None:
        revoke_client(session, client, datetime.now(UTC), staff_id=acting.staff_id)
    return RedirectResponse(f"{HERE}/{client.id}", 303)


@router.get("/{client_id}/rechten")
def show_rights(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    client: Annotated[ApiClient, Depends(client_in_reach)],
    *,
    organisator: str = "",
    kaartsysteem: str = "",
) -> Response:
    """Show what a program may do for one organiser, to change it."""
    form = RightsForm(organizer=organisator, system=kaartsysteem)
    organizer, system = _scope(session, acting, form)
    held = [one.permission.value for one in grants_of(session, client.id) if one[::2] == (organizer, system)]
    return page(
        request,
        "partners/rights.html",
        client=client,
        organizer=organizers_by_id(session, [organizer])[organizer],
        system=next((one for one in systems_in_reach(session, acting) if one.id == system), None),
        form=form,
        held=held,
        groups=groups_of_permissions(speak(request), may_all=acting.card_system_id is None),
    )


@router.post("/{client_id}/rechten")
def save_rights(
    session: RequestSession,
    acting: Keeper,
    client: Annotated[ApiClient, Depends(client_in_reach)],
    form: Annotated[RightsForm, Form()],
) -> Response:
    """Change what a program may do for one organiser; what it may elsewhere stays."""
    organizer, system = _scope(session, acting, form)
    others = [one for one in grants_of(session, client.id) if one[::2] != (organizer, system)]
    wanted = read_rights(form, may_all=acting.card_system_id is None)
    chosen = [Grant(organizer, permission, system) for permission in wanted]
    changed = put_grants(session, client, [*others, *chosen], staff_id=acting.staff_id)
    return RedirectResponse(f"{HERE}/{client.id}?gelukt={'bewaard' if changed else 'hetzelfde'}", 303)


def _scope(session: Session, acting: Acting, form: RightsForm) -> tuple[str, int | None]:
    """Return for which organiser, and in which card system: of a KSB always the own one.

    Raises:
        ProblemError: 404, outside what this person looks after.
    """
    systems = {system.id for system in systems_in_reach(session, acting)}
    system = acting.card_system_id
    if system is None and form.system:
        system = system_number(form.system)
    known = {counter.organizer_id for counter in counters_in_reach(session, acting)}
    if form.organizer not in known or not form.organizer or (system is not None and system not in systems):
        raise ProblemError(404, "You do not look after this organiser.", type="zuil:place")
    return form.organizer, system


def _client_page(
    request: Request,
    session: Session,
    acting: Acting,
    client: ApiClient,
    *,
    secret: str = "",
    done: str = "",
) -> Response:
    grants = grants_of(session, client.id)
    names = organizers_by_id(session, {one.organizer for one in grants})
    scopes: dict[tuple[str, int | None], list[str]] = {}
    words = permission_words(speak(request))
    for one in grants:
        scopes.setdefault((one.organizer, one.system), []).append(words[one.permission])
    mine = {counter.organizer_id: counter for counter in counters_in_reach(session, acting)}
    return page(
        request,
        "partners/client.html",
        client=client,
        secret=secret,
        done=done,
        scopes=sorted(scopes.items(), key=lambda item: (names[item[0][0]].name or "", item[0][1] or 0)),
        names=names,
        systems={system.id: system for system in systems_in_reach(session, acting)},
        organizers=[counter for id_, counter in mine.items() if id_],
        account=f"{_server(request)}/api",
    )


def _form_page(
    request: Request, session: Session, acting: Acting, form: ClientForm, errors: Mapping[str, str]
) -> Response:
    return page(
        request,
        "partners/new.html",
        status=NEEDS_INPUT if errors else 200,
        form=form,
        errors=errors,
        systems=systems_in_reach(session, acting) if acting.card_system_id is None else [],
    )


def _server(request: Request) -> str:
    return request.app.state.settings.public_url or str(request.base_url).rstrip("/")


def _sizes(session: Session, clients: Sequence[ApiClient]) -> dict[str, int]:
    """Return client -> for how many organisers it may do something."""
    query = (
        select(ApiGrant.client_id, func.count(func.distinct(col(ApiGrant.organizer_id))))
        .where(col(ApiGrant.client_id).in_([client.id for client in clients]))
        .group_by(col(ApiGrant.client_id))
    )
    return dict(session.exec(query).all())
