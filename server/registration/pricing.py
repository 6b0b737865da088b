"""What a card costs somebody, and the voucher that is used for it (rules 6.10, 6.11)."""

from __future__ import annotations

from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlmodel import Session

from server.cards.models import CardKind
from server.registration.facts import Desk, Fault, RefusedError
from server.registration.lookups import rules_of
from server.vouchers.pricing import (
    CardAsked,
    NoPriceError,
    VoucherFault,
    VoucherRefusedError,
    VoucherUse,
    price_of_card,
    redeem_voucher,
)
from shared.domain.prices import PriceLine, PriceReason

_FAULTS: Final = MappingProxyType(
    {
        VoucherFault.MALFORMED: Fault.VOUCHER_UNKNOWN,
        VoucherFault.UNKNOWN: Fault.VOUCHER_UNKNOWN,
        VoucherFault.USED: Fault.VOUCHER_USED,
    }
)


def quote(
    session: Session,
    desk: Desk,
    reason: PriceReason,
    *,
    born: date,
    municipality: str,
    tariff: bool,
    today: date,
    voucher: str = "",
    kind: str = CardKind.CARD,
) -> PriceLine | None:
    """Return what a card costs somebody today, None when the card system says nothing of it.

    Raises:
        RefusedError: the voucher does not count.
    """
    own = rules_of(session, desk.system).municipalities
    asked = CardAsked(reason, born, tariff, kind, municipality in own if own else None)
    try:
        return price_of_card(session, desk.system, asked, today, voucher.strip())
    except NoPriceError:
        return None
    except VoucherRefusedError as refused:
        raise RefusedError({"voucher": _FAULTS[refused.reason]}) from refused


def use_voucher(session: Session, voucher: str, card: str | None, desk: Desk, now: datetime) -> None:
    """Use a voucher up, when one was given.

    Raises:
        RefusedError: it does not count.
    """
    if not voucher.strip():
        return
    try:
        redeem_voucher(session, desk.system, voucher, VoucherUse(now, desk.counter_id, card))
    except VoucherRefusedError as refused:
        raise RefusedError({"voucher": _FAULTS[refused.reason]}) from refused
