"""`cards` of the JSON API (json-api 4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from sqlmodel import col, select

from server.api.callers import ByToken
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import Operations, Wire
from server.cards.export import social_tariff_cards
from server.cards.messages import CardMessage, card_message
from server.cards.packages import find_card
from server.cardsystems.models import CardSystem
from server.grouppasses.models import GroupPass
from server.grouppasses.tickets import all_facts
from server.kernel.database import RequestSession, database_of
from shared.domain.checkin import CardState
from shared.domain.grouppasses import available_tickets, has_tariff
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number
from shared.domain.zones import local_day

router = Operations()


class SocialTariffCard(Wire):
    """A card that gives the kansentarief now. available_tickets: of a group."""

    uitpas_number: str
    card_type: str
    available_tickets: int | None = None


@router.get("/cards")
def show_card(
    session: RequestSession,
    caller: ByToken,
    uitpas_number: Annotated[str, Query(alias="uitpasNumber")] = "",
    chip_number: Annotated[str, Query(alias="chipNumber")] = "",
) -> CardMessage:
    """Return the card with a UiTPAS number, or with a chip number."""
    caller.require(ApiPermission.CARDS_READ)
    if uitpas_number or not chip_number:
        require_uitpas_number(uitpas_number)
    card = find_card(session, uitpas_number or chip_number)
    if card is None:
        raise ApiError(Prob.NOT_FOUND, "There is no such card.")
    return card_message(card, session.get_one(CardSystem, card.card_system_id))


@router.get("/cards/social-tariff/{card_system_id}/active")
def export_social_tariff(
    session: RequestSession, caller: ByToken, card_system_id: int
) -> list[SocialTariffCard]:
    """Return every card that gives the kansentarief of a card system at this moment."""
    caller.require(ApiPermission.SOCIALTARIFF_EXPORT, system=card_system_id)
    now = datetime.now(UTC)
    day = local_day(now)
    found = [
        SocialTariffCard(uitpas_number=number, card_type="REGULAR")
        for number in social_tariff_cards(session, card_system_id, day)
    ]
    query = select(GroupPass).where(
        GroupPass.card_system_id == card_system_id, col(GroupPass.tickets_per_year).is_not(None)
    )
    passes = session.exec(query.order_by(GroupPass.uitpas_number)).all()
    for group_pass, facts in zip(passes, all_facts(session, passes, now).values(), strict=True):
        if facts.state is CardState.ACTIVE and has_tariff(facts, day):
            left = available_tickets(facts)
            found.append(
                SocialTariffCard(
                    uitpas_number=group_pass.uitpas_number, card_type="GROUP", available_tickets=left
                )
            )
    with database_of(session).writing() as trail:
        caller.note(trail, "export", "card_system", card_system_id, detail={"count": len(found)})
    return found


def require_uitpas_number(text: str) -> str:
    """Return a UiTPAS number as it is kept.

    Raises:
        ApiError: 400, it is none.
    """
    try:
        return parse_uitpas_number(text).value
    except InvalidNumberError as error:
        raise ApiError(Prob.INVALID_UITPAS_NUMBER, str(error)) from error
