"""What another card, or another card system, will do and cost, before it is given (rules 6.10, 6.12d)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from server.cards.models import Card, CardKind
from server.passholders.models import Membership, Passholder, PassholderDetails
from server.passholders.places import find_place
from server.registration.facts import Desk, Joining
from server.registration.finding import find_by_number
from server.registration.moving import Address
from server.registration.pricing import quote
from server.registration.replacing import cards_here
from server.rewards.granting import welcome_rewards
from server.rewards.models import Reward
from shared.domain.checkin import CardState
from shared.domain.prices import PriceLine, PriceReason
from shared.domain.zones import local_day


@dataclass(frozen=True)
class Deal:
    """What somebody gets and loses at a counter. card: None when the one he has does.

    replaced: his cards that are blocked. price: None when the card system says nothing of it.
    address: where he lives from now on, None when he did not move. rewards: what he is given as a welcome.
    """

    reason: PriceReason
    system: int
    card: Card | None
    tariff: bool
    tariff_until: date | None
    replaced: Sequence[Card]
    price: PriceLine | None
    address: Address | None = None
    rewards: Sequence[Reward] = ()


def attempt(session: Session, deed: Callable[[], object]) -> None:
    """Do something and undo it: it can be done, and nothing was.

    Raises:
        RefusedError: says all that is wrong with it.
    """
    with session.begin_nested() as trying:
        deed()
        session.flush()
        trying.rollback()


def deal_of_card(
    session: Session,
    membership: Membership,
    reason: PriceReason,
    joining: Joining,
    *,
    desk: Desk,
    today: date,
) -> Deal:
    """Return what another card for a member is."""
    keeps = membership.social_tariff and reason != PriceReason.LOSS_KANSENSTATUUT
    obtains = reason == PriceReason.OBTAIN_KANSENSTATUUT
    until = joining.tariff_until if obtains else membership.social_tariff_end if keeps else None
    holder = session.get_one(Passholder, membership.passholder_ref)
    card = _card(session, joining)
    return Deal(
        reason,
        desk.system,
        card,
        keeps or obtains,
        until,
        [one for one in cards_here(session, membership) if one.state == CardState.ACTIVE.name],
        _price(session, holder, reason, joining, desk=desk, today=today, tariff=keeps or obtains),
    )


def deal_of_joining(
    session: Session,
    holder: Passholder,
    joining: Joining,
    address: Address | None,
    *,
    desk: Desk,
    now: datetime,
) -> Deal:
    """Return what becoming a member of a card system more is: with a card of it, or with the one he has."""
    tariff = joining.tariff_until is not None
    reason = PriceReason.EXTRA_CARD if joining.card else PriceReason.CARD_UPGRADE
    price = _price(
        session, holder, reason, joining, desk=desk, today=local_day(now), tariff=tariff, address=address
    )
    card = _card(session, joining)
    lives_in = _municipality(session, holder, address)
    rewards = welcome_rewards(session, desk.system, lives_in, now, ref=holder.ref)
    return Deal(reason, desk.system, card, tariff, joining.tariff_until, (), price, address, rewards)


def _card(session: Session, joining: Joining) -> Card | None:
    found = find_by_number(session, joining.card) if joining.card else None
    return found.card if found else None


def _price(
    session: Session,
    holder: Passholder,
    reason: PriceReason,
    joining: Joining,
    *,
    desk: Desk,
    today: date,
    tariff: bool,
    address: Address | None = None,
) -> PriceLine | None:
    card = _card(session, joining)
    return quote(
        session,
        desk,
        reason,
        born=holder.birth_date,
        municipality=_municipality(session, holder, address),
        tariff=tariff,
        today=today,
        voucher=joining.voucher,
        kind=card.kind if card else CardKind.CARD,
    )


def _municipality(session: Session, holder: Passholder, address: Address | None) -> str:
    """Return where somebody lives from now on."""
    details = session.get(PassholderDetails, holder.ref)
    place = find_place(session, address.postcode, address.place) if address else None
    return place.municipality if place else details.municipality if details else ""
