"""`membership-prices` of the JSON API (json-api 4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Query
from sqlmodel import Session, select

from server.api.callers import ByAnyone, ByToken, require_granted
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import Operations, Wire
from server.cards.messages import DIGITAL, NFC_CARD
from server.cards.models import Card, CardKind
from server.cardsystems.models import CardSystem
from server.kernel.database import RequestSession, WritingSession
from server.passholders.models import Passholder
from server.prices.form import for_whom
from server.prices.tables import lines_of, table_on
from server.vouchers.pricing import CardAsked, NoPriceError, VoucherRefusedError, price_of_card
from server.vouchers.residence import UnknownPostcodeError, holder_is_resident, is_resident
from server.web.i18n import SOURCE, translator
from server.web.money import CENTS
from shared.domain.checkin import CardState
from shared.domain.prices import PriceLine, PriceReason
from shared.domain.zones import local_day

router = Operations()


class CardType(StrEnum):
    """What carries the number, in the words of the API."""

    NFC_CARD = NFC_CARD
    DIGITAL = DIGITAL


_KIND: Final = {CardType.NFC_CARD: CardKind.CARD, CardType.DIGITAL: CardKind.DIGITAL}
_REF_DIGITS: Final = 18
"""More than that no database holds."""
AskedType = Annotated[CardType, Query(alias="cardType")]


class MembershipPrice(Wire):
    """`MembershipPrice`; the price in euros."""

    price: float
    label: str
    description: str


@router.get("/passholders/membership-prices/{card_system_id}")
def show_price(
    session: RequestSession,
    caller: ByAnyone,
    card_system_id: int,
    *,
    postal_code: Annotated[str, Query(alias="postalCode")],
    date_of_birth: Annotated[date, Query(alias="dateOfBirth")],
    card_type: AskedType,
    social_tariff: Annotated[bool, Query(alias="socialTariff")] = False,
    voucher: str = "",
) -> MembershipPrice:
    """Return what a first card costs somebody now."""
    require_granted(session, caller, ApiPermission.MEMBERSHIP_PRICES_READ)
    system = _system(session, card_system_id)
    try:
        resident = is_resident(session, system.id, postal_code)
    except UnknownPostcodeError as error:
        raise ApiError(Prob.INVALID_POSTAL_CODE, "No place has this postcode.") from error
    asked = CardAsked(PriceReason.FIRST_CARD, date_of_birth, social_tariff, _KIND[card_type].value, resident)
    return _priced(lambda today: price_of_card(session, system.id, asked, today, voucher))


@router.get("/passholders/{passholder_id}/membership-prices/{card_system_id}")
def show_price_of_joining(
    session: WritingSession,
    caller: ByToken,
    passholder_id: str,
    card_system_id: int,
    *,
    card_type: AskedType,
    social_tariff: Annotated[bool, Query(alias="socialTariff")] = False,
    voucher: str = "",
) -> MembershipPrice:
    """Return what joining another card system costs a pashouder now; the trail says who asked."""
    caller.require(ApiPermission.PASSHOLDERS_SEARCH)
    caller.require(ApiPermission.MEMBERSHIP_PRICES_READ)
    system = _system(session, card_system_id)
    is_ref = passholder_id.isdecimal() and len(passholder_id) <= _REF_DIGITS
    holder = session.get(Passholder, int(passholder_id)) if is_ref else None
    if holder is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    caller.note(session, "look", "passholder", holder.ref)
    asked = CardAsked(
        _reason_to_join(session, holder, social_tariff=social_tariff),
        holder.birth_date,
        social_tariff,
        _KIND[card_type].value,
        holder_is_resident(session, system.id, holder),
    )
    return _priced(lambda today: price_of_card(session, system.id, asked, today, voucher))


@router.get("/card-systems/{card_system_id}/membership-prices")
def list_prices(
    session: RequestSession, _caller: ByAnyone, card_system_id: int, card_type: AskedType
) -> list[MembershipPrice]:
    """Return what first cards of a kind cost now."""
    system = _system(session, card_system_id)
    table = table_on(session, system.id, local_day(datetime.now(UTC)))
    lines = lines_of(session, table) if table is not None else []
    carriers = {"", _KIND[card_type].value}
    return [
        _message(line) for line in lines if line.reason is PriceReason.FIRST_CARD and line.carrier in carriers
    ]


def _reason_to_join(session: Session, holder: Passholder, *, social_tariff: bool) -> PriceReason:
    """Return why a pashouder pays: with the kansentarief he needs a card that shows it (rules 6.10b)."""
    in_use = select(Card.uitpas_number).where(
        Card.passholder_ref == holder.ref, Card.state == CardState.ACTIVE.name
    )
    if session.exec(in_use).first() is None:
        return PriceReason.FIRST_CARD
    return PriceReason.EXTRA_CARD if social_tariff else PriceReason.CARD_UPGRADE


def _priced(find: Callable[[date], PriceLine]) -> MembershipPrice:
    try:
        return _message(find(local_day(datetime.now(UTC))))
    except VoucherRefusedError as error:
        raise ApiError(Prob.INVALID_VOUCHER_CODE, f"This voucher does not count: {error}.") from error
    except NoPriceError as error:
        raise ApiError(Prob.NOT_FOUND, str(error)) from error


def _message(line: PriceLine) -> MembershipPrice:
    label = line.label or for_whom(translator(SOURCE), line)
    return MembershipPrice(price=line.cents / CENTS, label=label, description=line.description)


def _system(session: Session, system_id: int) -> CardSystem:
    found = session.get(CardSystem, system_id)
    if found is None:
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND, status=404)
    return found
