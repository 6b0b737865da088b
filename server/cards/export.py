"""The cards with which someone has the kansentarief now, for partners without a network (json-api 4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.feed.rows import has_social_tariff
from server.passholders.models import Membership, MembershipStatus
from shared.domain.checkin import CardState

_PART: Final = 5_000


def social_tariff_cards(session: Session, system: int, day: date) -> Iterator[str]:
    """Yield the numbers of the cards of a card system whose holder has its kansentarief on a day."""
    query = (
        select(Card.uitpas_number, Membership)
        .join(Membership, col(Membership.passholder_ref) == col(Card.passholder_ref))
        .where(
            Card.card_system_id == system,
            Membership.card_system_id == system,
            Card.state == CardState.ACTIVE.name,
            Membership.status == MembershipStatus.ACTIVE,
            Membership.social_tariff,
        )
        .order_by(Card.uitpas_number)
    )
    for number, membership in session.exec(query.execution_options(yield_per=_PART)):
        if has_social_tariff([membership], day):
            yield number
