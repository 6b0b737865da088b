"""`passholders/…/memberships` of the JSON API: look what joining will do, and join (json-api 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from fastapi import Query
from sqlmodel import Session
from starlette.responses import Response

from server.api.callers import ByToken
from server.api.problems import ApiError, Prob
from server.api.wire import Operations, Wire
from server.counters.messages import OrganizerMessage
from server.kernel.database import RequestSession
from server.passholders.models import Membership, Passholder
from server.passholders.standing import default_end
from server.registration.checks import check_residence
from server.registration.facts import Joining, RefusedError
from server.registration.finding import holder_with
from server.registration.giving import cards_of
from server.registration.messages import MembershipMessage, membership_message
from server.registration.moving import address_of, move
from server.registration.register import join
from server.registration.replacing import replace_card
from server.registration.writing import desk_for, problem_of
from shared.domain.prices import PriceReason
from shared.domain.zones import local_day

PATH: Final = "/passholders/{passholder_id}/memberships/{card_system_id}"

router = Operations()


class TariffAsked(Wire):
    """The kansenstatuut of a `MembershipRequest`; without a day it lasts until the default one."""

    social_tariff_end_date: date | None = None


class NewAddress(Wire):
    """Where somebody lives from now on; street: with the number and the box."""

    street: str
    postal_code: str
    city: str


class MembershipRequest(Wire):
    """`MembershipRequest`. uitpas_number: of the card that is handed over. address: when he moves."""

    card_type: Literal["NFC_CARD", "DIGITAL"]
    uitpas_number: str | None = None
    address: NewAddress | None = None
    social_tariff: TariffAsked | None = None
    voucher: str | None = None
    registration_organizer: OrganizerMessage


class Preview(Wire):
    """What a request will do: nothing, join, or replace the membership there is."""

    type: str
    social_tariff_end_date: date | None = None
    address_change_required: bool
    replaced_membership: MembershipMessage | None = None


@router.get(PATH)
def preview_membership(
    session: RequestSession,
    caller: ByToken,
    passholder_id: str,
    card_system_id: int,
    *,
    social_tariff: Annotated[bool, Query(alias="socialTariff")],
    organizer_id: Annotated[str, Query(alias="organizerId")],
) -> Preview:
    """Say what becoming a member, with or without the kansenstatuut, will do."""
    holder, today = _holder(session, passholder_id), local_day(datetime.now(UTC))
    desk = desk_for(session, caller, organizer_id, card_system_id)
    present = session.get(Membership, (holder.ref, card_system_id))
    has_moved = bool(check_residence(session, holder.ref or 0, desk, tariff=social_tariff))
    until = default_end(today) if social_tariff else None
    if present is None:
        return Preview(type="NEW_MEMBERSHIP", social_tariff_end_date=until, address_change_required=has_moved)
    if present.social_tariff == social_tariff:
        return Preview(type="NOT_POSSIBLE", address_change_required=False)
    return Preview(
        type="REPLACE_MEMBERSHIP",
        social_tariff_end_date=until,
        address_change_required=has_moved,
        replaced_membership=membership_message(present, cards_of(session, holder.ref or 0), today),
    )


@router.post(PATH, status_code=201)
def add_membership(
    session: RequestSession,
    caller: ByToken,
    passholder_id: str,
    card_system_id: int,
    message: MembershipRequest,
) -> Response:
    """Make somebody a member, or give or take the kansenstatuut of who is one."""
    holder, now = _holder(session, passholder_id), datetime.now(UTC)
    desk = desk_for(session, caller, message.registration_organizer.id, card_system_id)
    asked = message.social_tariff
    until = (asked.social_tariff_end_date or default_end(local_day(now))) if asked else None
    is_digital = message.card_type == "DIGITAL"
    joining = Joining(message.uitpas_number or "", until, message.voucher or "", is_digital=is_digital)
    present = session.get(Membership, (holder.ref, card_system_id))
    try:
        if message.address is not None:
            to = message.address
            address = address_of(to.street.strip(), to.postal_code.strip(), to.city.strip())
            move(session, holder, address, desk, now, joins=asked is not None)
        if present is None:
            join(session, holder, joining, desk, now)
        elif present.social_tariff == (asked is not None):
            raise ApiError(Prob.PASSHOLDER_NEW_MEMBERSHIP_ERROR)
        else:
            reason = PriceReason.OBTAIN_KANSENSTATUUT if asked else PriceReason.LOSS_KANSENSTATUUT
            replace_card(session, present, reason, joining, desk=desk, now=now)
    except RefusedError as refused:
        raise problem_of(refused) from refused
    return Response(status_code=201)


def _holder(session: Session, passholder_id: str) -> Passholder:
    found = holder_with(session, passholder_id)
    if found is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    return found
