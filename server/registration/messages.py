"""Pashouders as the JSON API shows them and takes them in (json-api 5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Base64Bytes, Field

from server.api.wire import Instant, Wire
from server.cards.models import Card, CardKind
from server.cardsystems.messages import CardSystemMessage
from server.counters.messages import OrganizerMessage
from server.grouppasses.models import GroupPass
from server.passholders.models import (
    Gender,
    Membership,
    MembershipStatus,
    OptIn,
    Passholder,
    PassholderDetails,
)
from server.passholders.standing import SocialTariff, TariffStatus, is_active, social_tariff_on
from shared.domain.checkin import CardState
from shared.domain.grouppasses import GroupPassFacts, has_tariff
from shared.domain.zones import end_of_day


class AddressMessage(Wire):
    """The address of a `Passholder`."""

    street: str | None = None
    number: str | None = None
    box: str | None = None
    postal_code: str
    city: str
    country: str | None = None


class OptInMessage(Wire):
    """What a pashouder wants to receive."""

    service_mails: bool
    milestone_mails: bool
    info_mails: bool
    sms: bool
    post: bool


class MembershipTariffMessage(Wire):
    """The kansenstatuut of a membership. end_date: its last moment, without the grace period."""

    status: TariffStatus
    end_date: Instant
    in_grace_period: bool
    suspended_until_date: Instant | None = None
    expired: bool


class MembershipCardMessage(Wire):
    """The card of a membership."""

    uitpas_number: str
    card_type: str
    status: str


class MembershipMessage(Wire):
    """`CardSystemMembership`."""

    card_system: CardSystemMessage
    uitpas_number: str | None = None
    current_card: MembershipCardMessage | None = None
    status: str
    social_tariff: MembershipTariffMessage | None = None


class PassholderMessage(Wire):
    """`Passholder`; a national number comes in and never goes out (rules 16.4)."""

    id: str | None = None
    name: str = Field(min_length=1)
    first_name: str = Field(min_length=1)
    insz_number: str | None = None
    uitpas_number: str | None = None
    card_system_memberships: list[MembershipMessage] | None = None
    email: str | None = None
    creation_date: Instant | None = None
    date_of_birth: date
    gender: Gender | None = None
    registration_organizer: OrganizerMessage | None = None
    points: int | None = None
    uitid_status: str | None = None
    address: AddressMessage
    postal_code: str | None = None
    city: str | None = None
    phone_number: str | None = None
    opt_in_preferences: OptInMessage | None = None
    nationality: str | None = None
    parental_consent: bool | None = None
    legal_terms_paper: bool | None = None
    legal_terms_digital: bool | None = None
    registration_card_system_id: int | None = None
    registration_voucher: str | None = None
    registration_card_type: Literal["NFC_CARD", "DIGITAL"] | None = None
    registration_uitpas_number: str | None = None
    registration_social_tariff_end_date: date | None = None
    registration_note: str | None = None
    registration_picture: Base64Bytes | None = None


class PassTariffMessage(Wire):
    """The kansenstatuut that a card shows: `NONE` without one."""

    status: str
    end_date: Instant | None = None


class PassMessage(Wire):
    """`Pass`: what a ticket seller needs of a card."""

    passholder_id: str
    pass_type: str
    uitpas_number: str
    first_name: str
    points: int
    postal_code: str
    card_system: CardSystemMessage
    social_tariff: PassTariffMessage


def passholder_message(
    holder: Passholder,
    details: PassholderDetails | None,
    memberships: Sequence[Membership],
    cards: Sequence[Card],
    today: date,
    *,
    is_linked: bool,
) -> PassholderMessage:
    """Return a pashouder as he goes over the wire; `memberships` the oldest first. is_linked: to a UiTiD."""
    city = details.municipality if details else ""
    return PassholderMessage(
        id=str(holder.ref),
        name=holder.last_name,
        first_name=holder.first_name,
        uitpas_number=_main_number(memberships, cards, today),
        card_system_memberships=[membership_message(one, cards, today) for one in memberships],
        email=details.email if details else None,
        creation_date=details.made_at if details else None,
        date_of_birth=holder.birth_date,
        gender=Gender(details.gender) if details and details.gender else None,
        points=holder.points,
        uitid_status="REGISTERED" if is_linked else "UNREGISTERED",
        address=_address(holder, details, city),
        postal_code=holder.postcode,
        city=city,
        phone_number=details.phone or None if details else None,
        opt_in_preferences=_opt_ins(details) if details else None,
        nationality=details.nationality or None if details else None,
    )


def pass_message(
    holder: Passholder, card: Card, membership: Membership | None, system: CardSystemMessage, today: date
) -> PassMessage:
    """Return a card with its holder as it goes over the wire."""
    tariff = social_tariff_on(membership, today) if membership else None
    return PassMessage(
        passholder_id=str(holder.ref),
        pass_type="GROUP" if card.group_pass else "INDIVIDUAL",
        uitpas_number=card.uitpas_number,
        first_name=holder.first_name,
        points=holder.points,
        postal_code=holder.postcode,
        card_system=system,
        social_tariff=_pass_tariff(tariff),
    )


def group_pass_as_pass(
    group_pass: GroupPass, facts: GroupPassFacts, system: CardSystemMessage, today: date
) -> PassMessage:
    """Return a group pass as sellers look it up beside those of people; its first name is x (rules 15.1j)."""
    status = TariffStatus.ACTIVE if has_tariff(facts, today) else TariffStatus.EXPIRED
    tariff = PassTariffMessage(status=status, end_date=_last_moment(facts.tariff_end))
    return PassMessage(
        passholder_id=group_pass.id,
        pass_type="GROUP",  # noqa: S106 - a kind of card
        uitpas_number=group_pass.uitpas_number,
        first_name="x",
        points=0,
        postal_code=group_pass.postcode,
        card_system=system,
        social_tariff=PassTariffMessage(status="NONE") if facts.tickets_per_year is None else tariff,
    )


def _pass_tariff(tariff: SocialTariff | None) -> PassTariffMessage:
    if tariff is None:
        return PassTariffMessage(status="NONE")
    # A pass knows no suspension: what gives no reduction now is not active.
    status = TariffStatus.ACTIVE if tariff.status == TariffStatus.ACTIVE else TariffStatus.EXPIRED
    return PassTariffMessage(status=status, end_date=_last_moment(tariff.end))


def _main_number(memberships: Sequence[Membership], cards: Sequence[Card], today: date) -> str | None:
    """Return the number of the oldest membership that is active and has an active card (json-api 5)."""
    for membership in memberships:
        if is_active(membership, today):
            card = _card_of(membership, cards)
            if card is not None and card.state == CardState.ACTIVE.name:
                return card.uitpas_number
    return None


def _card_of(membership: Membership, cards: Sequence[Card]) -> Card | None:
    own = [card for card in cards if card.card_system_id == membership.card_system_id]
    return min(own, key=lambda card: card.state != CardState.ACTIVE.name, default=None)


def membership_message(membership: Membership, cards: Sequence[Card], today: date) -> MembershipMessage:
    """Return a membership as it goes over the wire."""
    card = _card_of(membership, cards)
    is_blocked = membership.status == MembershipStatus.BLOCKED
    return MembershipMessage(
        card_system=CardSystemMessage(id=membership.card_system_id),
        uitpas_number=card.uitpas_number if card else None,
        current_card=_membership_card(card) if card else None,
        status="BLOCKED" if is_blocked else "ACTIVE",
        social_tariff=_membership_tariff(social_tariff_on(membership, today)),
    )


def _membership_card(card: Card) -> MembershipCardMessage:
    kind = "DIGITAL" if card.kind == CardKind.DIGITAL else "NFC_CARD"
    return MembershipCardMessage(uitpas_number=card.uitpas_number, card_type=kind, status=card.state)


def _membership_tariff(tariff: SocialTariff | None) -> MembershipTariffMessage | None:
    if tariff is None:
        return None
    return MembershipTariffMessage(
        status=tariff.status,
        end_date=end_of_day(tariff.end or date.max),
        in_grace_period=tariff.in_grace,
        suspended_until_date=_last_moment(tariff.suspended_until),
        expired=tariff.status == TariffStatus.EXPIRED,
    )


def _last_moment(day: date | None) -> datetime | None:
    return None if day is None else end_of_day(day)


def _address(holder: Passholder, details: PassholderDetails | None, city: str) -> AddressMessage:
    if details is None:
        return AddressMessage(postal_code=holder.postcode, city=city)
    return AddressMessage(
        street=details.street or None,
        number=details.house_number or None,
        box=details.box or None,
        postal_code=holder.postcode,
        city=city,
        country=details.country,
    )


def _opt_ins(details: PassholderDetails) -> OptInMessage:
    return OptInMessage.model_validate({one.value: one.value in details.opt_ins for one in OptIn})
