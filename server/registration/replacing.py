"""Give a member another card: lost, broken, or because the kansenstatuut came or went (rules 6.12d)."""

from __future__ import annotations

from datetime import date, datetime

from sqlmodel import Session

from server.cards.models import Card
from server.cardsystems.rights import CounterRight
from server.passholders.models import Membership
from server.registration.checks import check_digital, check_residence, check_tariff
from server.registration.facts import REPLACING, Desk, Fault, Joining, refuse
from server.registration.giving import cards_of, find_card_to_give, give_card, give_digital_card, hold_holder
from server.registration.lookups import Lookups, rules_of
from server.registration.pricing import use_voucher
from server.registration.tariff import day_text, note_of_member
from shared.domain.checkin import CardState
from shared.domain.prices import PriceReason
from shared.domain.zones import local_day


def replace_card(
    session: Session,
    membership: Membership,
    reason: PriceReason,
    joining: Joining,
    *,
    desk: Desk,
    now: datetime,
) -> Card:
    """Hand a member another card of the desk's card system; the one he had here is blocked.

    With OBTAIN_KANSENSTATUUT he has it from now on until `joining.tariff_until`, with
    LOSS_KANSENSTATUUT no longer; points and history stay.

    Raises:
        RefusedError: says all that is wrong; nothing was changed.
    """
    hold_holder(session, membership.passholder_ref, membership)
    had = cards_here(session, membership)
    faults = _check(membership, reason, joining, had, desk=desk, today=local_day(now))
    if reason == PriceReason.OBTAIN_KANSENSTATUUT:
        faults |= check_residence(session, membership.passholder_ref, desk, tariff=True)
    faults |= check_digital(rules_of(session, desk.system), joining)
    refuse(faults)
    tariff = reason == PriceReason.OBTAIN_KANSENSTATUUT or (
        membership.social_tariff and reason != PriceReason.LOSS_KANSENSTATUUT
    )
    old = [one for one in had if one.state == CardState.ACTIVE.name]
    with session.begin_nested():
        card = _give(session, membership.passholder_ref, joining, desk, tariff=tariff)
        use_voucher(session, joining.voucher, card.uitpas_number, desk, now)
        for one in old:
            one.state = CardState.BLOCKED.name
    if tariff != membership.social_tariff:
        membership.social_tariff, membership.social_tariff_end = tariff, joining.tariff_until
        membership.suspended_until = None
        membership.grace_days = rules_of(session, desk.system).grace_days
    detail = {
        "reason": reason.value,
        "card": card.uitpas_number,
        "replaced": [one.uitpas_number for one in old],
        "tariff_until": day_text(joining.tariff_until),
    }
    note_of_member(session, "replace-card", membership, desk.staff_id, detail, counter_id=desk.counter_id)
    return card


def _give(session: Session, ref: int, joining: Joining, desk: Desk, *, tariff: bool) -> Card:
    if joining.is_digital:
        return give_digital_card(session, ref, desk, tariff=tariff)
    card = find_card_to_give(Lookups(session), joining.card, desk, tariff=tariff)
    give_card(session, card, ref, desk)
    return card


def cards_here(session: Session, membership: Membership) -> list[Card]:
    """Return the cards of this card system that a member has or had."""
    own = cards_of(session, membership.passholder_ref)
    return [one for one in own if one.card_system_id == membership.card_system_id]


def reasons_for(membership: Membership, cards: list[Card], desk: Desk) -> list[PriceReason]:
    """Return why this counter could give a member a card; `cards` are those he has had here."""
    if CounterRight.REGISTER not in desk.rights:
        return []
    found = sorted(REPLACING) if cards else [PriceReason.EXTRA_CARD]
    if CounterRight.GRANT_SOCIAL_TARIFF in desk.rights:
        found.append(
            PriceReason.LOSS_KANSENSTATUUT if membership.social_tariff else PriceReason.OBTAIN_KANSENSTATUUT
        )
    return found


def _check(
    membership: Membership,
    reason: PriceReason,
    joining: Joining,
    had: list[Card],
    *,
    desk: Desk,
    today: date,
) -> dict[str, Fault]:
    if membership.card_system_id != desk.system:
        return {"system": Fault.NOT_A_MEMBER}
    if reason not in reasons_for(membership, had, desk):
        return {"reason": Fault.REASON}
    if reason == PriceReason.OBTAIN_KANSENSTATUUT:
        missing = {"tariff_until": Fault.TARIFF_DATE} if joining.tariff_until is None else {}
        return missing or check_tariff(joining.tariff_until, desk, today)
    return {}
