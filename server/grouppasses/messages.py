"""Group passes as the JSON API shows them."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import NamedTuple

from server.api.wire import Instant, Wire
from server.cards.messages import card_status
from server.cardsystems.messages import CardSystemMessage, card_system_message
from server.cardsystems.models import CardSystem
from server.grouppasses.models import GroupPass
from shared.domain.grouppasses import GroupPassFacts, available_tickets, has_tariff
from shared.domain.zones import BRUSSELS


class GroupTariff(Wire):
    """The kansentarief of a group."""

    status: str
    end_date: Instant | None = None
    total_tickets_per_year: int
    available_tickets: int


class GroupAddress(Wire):
    """Where a group is."""

    street: str | None = None
    postal_code: str
    city: str


class GroupPassMessage(Wire):
    """`Grouppass`."""

    id: str
    uitpas_number: str
    card_status: str
    creation_date: Instant
    card_system: CardSystemMessage
    social_tariff: GroupTariff | None = None
    name: str | None = None
    email: str | None = None
    address: GroupAddress | None = None
    telephone: str | None = None


class Shown(NamedTuple):
    """How much of a group pass a caller gets: with or without who the group is."""

    day: date
    with_contact: bool = True


def group_pass_message(
    group_pass: GroupPass, facts: GroupPassFacts, system: CardSystem, shown: Shown
) -> GroupPassMessage:
    """Return a group pass as it goes over the wire."""
    contact = {}
    if shown.with_contact:
        contact = {
            "name": group_pass.name,
            "email": group_pass.email or None,
            "address": _address(group_pass),
            "telephone": group_pass.telephone or None,
        }
    return GroupPassMessage(
        id=group_pass.id,
        uitpas_number=group_pass.uitpas_number,
        card_status=card_status(facts.state.name),
        creation_date=group_pass.made_at,
        card_system=card_system_message(system),
        social_tariff=_tariff(facts, shown.day),
        **contact,
    )


def _tariff(facts: GroupPassFacts, day: date) -> GroupTariff | None:
    if facts.tickets_per_year is None:
        return None
    end = facts.tariff_end
    return GroupTariff(
        status="ACTIVE" if has_tariff(facts, day) else "EXPIRED",
        end_date=datetime.combine(end, time(23, 59, 59), BRUSSELS) if end else None,
        total_tickets_per_year=facts.tickets_per_year,
        available_tickets=available_tickets(facts),
    )


def _address(group_pass: GroupPass) -> GroupAddress | None:
    if not group_pass.postcode or not group_pass.city:
        return None
    return GroupAddress(
        street=group_pass.street or None, postal_code=group_pass.postcode, city=group_pass.city
    )
