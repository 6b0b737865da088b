"""The price of a card for someone now, and a voucher that is used up with it (rules 6.10, 6.11)."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.kernel.bulk import Bulk, Statement
from server.prices.tables import lines_of, table_on
from server.vouchers.models import Voucher, VoucherSeries, VoucherType
from shared.domain.prices import PriceLine, PriceQuestion, PriceReason, age_on, find_price
from shared.domain.vouchers import InvalidVoucherError, parse_voucher_number


class VoucherFault(StrEnum):
    """Why a voucher does not count."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    USED = "used"


class VoucherRefusedError(Exception):
    """A voucher does not count; nothing was changed."""

    def __init__(self, reason: VoucherFault) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NoPriceError(LookupError):
    """The card system's table has no price for this."""


class CardAsked(NamedTuple):
    """Who would get what card, and why.

    birth_date, is_resident: None when nobody knows. carrier: a `server.cards.models.CardKind`.
    """

    reason: PriceReason
    birth_date: date | None
    social_tariff: bool
    carrier: str
    is_resident: bool | None = None


class VoucherUse(NamedTuple):
    """Where and when a voucher is used. uitpas_number: of the card it is used for, when there is one."""

    at: datetime
    counter_id: int | None = None
    uitpas_number: str | None = None


_USE: Final = Statement(
    "UPDATE voucher SET used_at = :at, used_counter_id = CAST(:counter AS integer), used_for = :card"
    " WHERE number = :number AND used_at IS NULL"
)
_COUNT: Final = Statement(
    "UPDATE voucher_series SET used = used + 1"
    " WHERE id = (SELECT series_id FROM voucher WHERE number = :number)"
)


def price_of_card(session: Session, system: int, asked: CardAsked, day: date, voucher: str = "") -> PriceLine:
    """Return what a card costs on a day. What the table of a voucher leaves out costs what it always does.

    Raises:
        VoucherRefusedError: the voucher is unknown in this card system, or used.
        NoPriceError: there is no price for this.
    """
    age = age_on(asked.birth_date, day) if asked.birth_date is not None else None
    question = PriceQuestion(asked.reason, age, asked.social_tariff, asked.carrier, asked.is_resident)
    types = [unused_voucher_type(session, system, voucher), None] if voucher else [None]
    for voucher_type in types:
        table = table_on(session, system, day, voucher_type=voucher_type)
        found = find_price(lines_of(session, table), question) if table is not None else None
        if found is not None:
            return found
    raise NoPriceError(f"Card system {system} has no price for {asked.reason}.")


def redeem_voucher(session: Session, system: int, voucher: str, use: VoucherUse) -> str:
    """Use a voucher up, in the transaction of the card; return its number.

    Of two that use it at once, one succeeds.

    Raises:
        VoucherRefusedError: the voucher is unknown in this card system, or used.
    """
    unused_voucher_type(session, system, voucher)
    number = parse_voucher_number(voucher)
    bulk = Bulk(session)
    used = {"number": number, "at": use.at, "counter": use.counter_id, "card": use.uitpas_number}
    if bulk.touch(_USE, used) != 1:
        raise VoucherRefusedError(VoucherFault.USED)
    bulk.run(_COUNT, {"number": number})
    return number


def unused_voucher_type(session: Session, system: int, voucher: str) -> int:
    """Return the type of a voucher that can be used in a card system.

    Raises:
        VoucherRefusedError: it cannot.
    """
    try:
        number = parse_voucher_number(voucher)
    except InvalidVoucherError as error:
        raise VoucherRefusedError(VoucherFault.MALFORMED) from error
    query = (
        select(VoucherType.id, Voucher.used_at)
        .join(VoucherSeries, col(VoucherSeries.type_id) == col(VoucherType.id))
        .join(Voucher, col(Voucher.series_id) == col(VoucherSeries.id))
        .where(Voucher.number == number, VoucherType.card_system_id == system)
    )
    found = session.exec(query).first()
    if found is None:
        raise VoucherRefusedError(VoucherFault.UNKNOWN)
    if found[1] is not None:
        raise VoucherRefusedError(VoucherFault.USED)
    return found[0] or 0
