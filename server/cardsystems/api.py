"""`card-systems` of the JSON API (json-api 4)."""

from __future__ import annotations

from typing import Final

from sqlmodel import select
from starlette.requests import Request

from server.api.callers import ByAnyone
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page, address_of
from server.cardsystems.branding import looks_of
from server.cardsystems.messages import CardSystemMessage, branded, card_system_message
from server.cardsystems.models import CardSystem
from server.kernel.database import RequestSession

DESCENDING: Final = "-name"

router = Operations()


@router.get("/card-systems")
def list_card_systems(
    request: Request,
    session: RequestSession,
    _caller: ByAnyone,
    asked: AskedPage,
    *,
    permanent: bool = True,
    sort: str = "name",
) -> Page[CardSystemMessage]:
    """Return the permanent, or the temporary, card systems by name."""
    found = session.exec(select(CardSystem).where(CardSystem.permanent == permanent)).all()
    ordered = sorted(found, key=lambda one: one.name.casefold(), reverse=sort == DESCENDING)
    looks, address = looks_of(session, [one.id for one in ordered]), address_of(request)
    return asked.cut([branded(card_system_message(one), looks.get(one.id), address) for one in ordered])


@router.get("/card-systems/{card_system_id}")
def show_card_system(
    request: Request, session: RequestSession, _caller: ByAnyone, card_system_id: int
) -> CardSystemMessage:
    """Return one card system."""
    found = session.get(CardSystem, card_system_id)
    if found is None:
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND, status=404)
    looks = looks_of(session, [found.id]).get(found.id)
    return branded(card_system_message(found), looks, address_of(request))
