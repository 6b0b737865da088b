"""`permissions` of the JSON API (json-api 4)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body
from sqlmodel import Session, col, select
from starlette.responses import Response

from server.api.callers import ByClient, ByToken
from server.api.clients import find_client
from server.api.grants import Grants, client_grants, linked_organizers, put_grants, with_linked
from server.api.models import ApiClient
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob, SchemaError
from server.api.wire import Operations
from server.cardsystems.models import CardSystem
from server.counters.messages import organizers_by_id
from server.kernel.database import RequestSession
from server.partners.messages import OrganizerPermissions, grants_in, permission_messages

router = Operations()


@router.get("/permissions")
def show_own_permissions(session: RequestSession, caller: ByToken) -> list[OrganizerPermissions]:
    """Return what the caller may do, for which organisers."""
    return _messages(session, caller.granted)


@router.get("/permissions/{client_id}")
def show_permissions(session: RequestSession, caller: ByClient, client_id: str) -> list[OrganizerPermissions]:
    """Return what a client may do, for which organisers."""
    caller.require(ApiPermission.PERMISSIONS_READ)
    return _messages(session, client_grants(session, _client(session, client_id).id))


@router.put("/permissions/{client_id}", status_code=204)
def put_permissions(
    session: RequestSession,
    caller: ByClient,
    client_id: str,
    sent: Annotated[list[OrganizerPermissions], Body()],
) -> Response:
    """Let this be all that a client may do."""
    caller.require(ApiPermission.PERMISSIONS_WRITE)
    client = _client(session, client_id)
    _check_systems(session, sent)
    put_grants(session, client, grants_in(sent), by_client=caller.client)
    return Response(status_code=204)


def _messages(session: Session, grants: Grants) -> list[OrganizerPermissions]:
    direct = {organizer for organizer, _ in grants}
    linked = linked_organizers(session, direct)
    known = organizers_by_id(session, direct.union(*linked.values()))
    return permission_messages(grants, with_linked(session, grants), linked, known)


def _client(session: Session, client_id: str) -> ApiClient:
    client = find_client(session, client_id)
    if client is None:
        raise ApiError(Prob.CLIENT_NOT_FOUND, f"There is no client {client_id}.")
    return client


def _check_systems(session: Session, sent: list[OrganizerPermissions]) -> None:
    """Refuse card systems that are not there.

    Raises:
        ApiError: 400, with the place of each.
    """
    places = [
        (f"/{i}/permissionDetails/{j}/cardSystemIds/{k}", system)
        for i, one in enumerate(sent)
        for j, detail in enumerate(one.permission_details)
        for k, system in enumerate(detail.card_system_ids or ())
    ]
    asked = {system for _, system in places}
    known = set(session.exec(select(CardSystem.id).where(col(CardSystem.id).in_(asked))))
    wrong = [
        SchemaError(place, f"There is no card system {system}.")
        for place, system in places
        if system not in known
    ]
    if wrong:
        raise ApiError(Prob.BODY_INVALID_DATA, schema_errors=wrong)
