"""`card-systems` of the JSON API (json-api 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import Session, col, select
from starlette.requests import Request

from server.api.callers import ByAnyone
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page, address_of
from server.cardsystems.branding import looks_of
from server.cardsystems.messages import CardSystemMessage, branded, card_system_message, with_cardless
from server.cardsystems.models import CardSystem
from server.kernel.database import RequestSession
from server.passholders.models import Cardless, RegistrationRules

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
    return asked.cut(_messages(request, session, ordered))


@router.get("/card-systems/{card_system_id}")
def show_card_system(
    request: Request, session: RequestSession, _caller: ByAnyone, card_system_id: int
) -> CardSystemMessage:
    """Return one card system."""
    found = session.get(CardSystem, card_system_id)
    if found is None:
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND, status=404)
    return _messages(request, session, [found])[0]


def _messages(request: Request, session: Session, systems: Sequence[CardSystem]) -> list[CardSystemMessage]:
    ids, address = [one.id for one in systems], address_of(request)
    looks = looks_of(session, ids)
    query = select(RegistrationRules.card_system_id, RegistrationRules.cardless)
    cardless = dict(session.exec(query.where(col(RegistrationRules.card_system_id).in_(ids))).all())
    return [
        with_cardless(
            branded(card_system_message(one), looks.get(one.id), address),
            cardless.get(one.id, Cardless.NONE),
        )
        for one in systems
    ]
