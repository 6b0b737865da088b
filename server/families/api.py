"""`passholders/…/family-members` and `families` of the JSON API (json-api 4)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Header
from sqlmodel import Session, select
from starlette.requests import Request
from starlette.responses import Response

from server.api.callers import Accepts, ByToken, Caller, Way
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob, SchemaError
from server.api.wire import Operations, address_of
from server.cards.models import Card
from server.families.keeping import (
    Doer,
    FamilyError,
    FamilyFault,
    add_relative,
    families_with,
    family_of,
    remove_relative,
)
from server.families.messages import (
    FamilyMemberMessage,
    FamilyMessage,
    families_messages,
    family_messages,
)
from server.families.models import FamilyMember
from server.families.telling import tell_relative, who_leaves
from server.families.words import FAULTS
from server.kernel.database import RequestSession, WritingSession
from server.passholders.models import Membership, Passholder
from server.registration.finding import holder_with
from server.uitid.api import RegistrationToken, proven_by, uitid_of
from server.uitid.linking import holder_of_uitid
from server.web.i18n import LANGUAGES, translator
from shared.domain.checkin import CardState
from shared.domain.numbers import InvalidNumberError, parse_uitpas_number

PATH: Final = "/passholders/{passholder_id}/family-members"
NEEDED: Final = ApiPermission.PASSHOLDERS_FAMILY_MEMBERS
_PROBS: Final = {
    FamilyFault.NUMBER: Prob.INVALID_UITPAS_NUMBER,
    FamilyFault.UNKNOWN: Prob.PASSHOLDER_NOT_FOUND,
    FamilyFault.ALREADY: Prob.FAMILY_MEMBER_ALREADY_ADDED,
    FamilyFault.TOO_MANY: Prob.TOO_MANY_FAMILY_MEMBERS,
    FamilyFault.TOO_MANY_ADULTS: Prob.TOO_MANY_ADULTS_IN_FAMILY,
}
ByTokenOrMail = Annotated[Caller, Depends(Accepts(Way.CLIENT, Way.USER, Way.CUSTOM))]

router = Operations()


@router.get(PATH)
def list_family(session: WritingSession, caller: ByToken, passholder_id: str) -> list[FamilyMemberMessage]:
    """Return a family: first whose it is."""
    main = _holder(session, passholder_id)
    if _is_in_charge(session, caller, main):
        caller.note(session, "look", "passholder", main.ref)
    return family_messages(session, family_of(session, main))


@router.post(PATH, status_code=201)
def add_member(
    request: Request,
    session: RequestSession,
    caller: ByToken,
    passholder_id: str,
    message: FamilyMemberMessage,
    *,
    token: RegistrationToken = "",
) -> Response:
    """Take somebody into a family; who does it for himself proves that he may with a registration token."""
    main, now = _holder(session, passholder_id), datetime.now(UTC)
    is_in_charge = _is_in_charge(session, caller, main)
    if message.uitpas_number is None:
        wrong = [SchemaError("/uitpasNumber", "Field required")]
        raise ApiError(Prob.BODY_INVALID_DATA, schema_errors=wrong)
    try:
        member = _with_number(session, message.uitpas_number)
        if not is_in_charge and proven_by(session, token).holder.ref != member.ref:
            raise ApiError(Prob.FORBIDDEN, "The registration token is another passholder's.")
        added = add_relative(session, main, member, now, _doer(caller), icon=message.icon or "")
    except FamilyError as error:
        raise _problem(error.fault) from error
    tell_relative(session, added, now, address_of(request))
    return Response(status_code=201)


@router.put(PATH + "/{family_member_id}", status_code=202)
def change_member(
    session: RequestSession,
    caller: ByToken,
    passholder_id: str,
    family_member_id: str,
    message: FamilyMemberMessage,
) -> Response:
    """Give somebody of a family another icon."""
    main, member = _holder(session, passholder_id), _holder(session, family_member_id)
    _is_in_charge(session, caller, main)
    found = session.get(FamilyMember, (main.ref, member.ref))
    if found is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    found.icon = message.icon or ""
    return Response(status_code=202)


@router.delete(PATH + "/{family_member_id}", status_code=202)
def remove_member(
    session: RequestSession,
    caller: ByTokenOrMail,
    passholder_id: str,
    family_member_id: str,
    token: Annotated[str, Header(alias="x-custom-token")] = "",
) -> Response:
    """Take somebody out of a family, for who looks after either of them or has the mail about it."""
    if caller.way is Way.CUSTOM:
        leaving = who_leaves(session, token, datetime.now(UTC))
        if leaving is None or [str(leaving.main_ref), str(leaving.member_ref)] != [
            passholder_id,
            family_member_id,
        ]:
            raise ApiError(Prob.UNAUTHORIZED, "This token does not let this passholder leave this family.")
        remove_relative(session, leaving.main_ref, leaving.member_ref, Doer())
        return Response(status_code=202)
    main, member = _holder(session, passholder_id), _holder(session, family_member_id)
    if not _may(session, caller, member):
        _is_in_charge(session, caller, main)
    if not remove_relative(session, main.ref or 0, member.ref or 0, _doer(caller)):
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    return Response(status_code=202)


@router.get("/passholders/{passholder_id}/families")
def list_families(session: WritingSession, caller: ByToken, passholder_id: str) -> list[FamilyMessage]:
    """Return the families of others that somebody is in."""
    holder = _holder(session, passholder_id)
    if _is_in_charge(session, caller, holder):
        caller.note(session, "look", "passholder", holder.ref)
    return families_messages(session, families_with(session, holder.ref or 0))


def _is_in_charge(session: Session, caller: Caller, holder: Passholder) -> bool:
    """Tell whether the caller looks after a pashouder of a card system, or is that pashouder himself.

    Raises:
        ApiError: 403, he may neither.
    """
    caller.require(NEEDED)
    query = select(Membership.card_system_id).where(Membership.passholder_ref == holder.ref)
    own: set[int] = set(session.exec(query))
    if caller.in_charge_of(NEEDED) & own:
        return True
    himself = holder_of_uitid(session, uitid_of(caller)) if caller.way is Way.USER else None
    if himself is None or himself.ref != holder.ref:
        raise ApiError(Prob.FORBIDDEN, f"The permission {NEEDED} is missing for this passholder.")
    return False


def _may(session: Session, caller: Caller, holder: Passholder) -> bool:
    try:
        _is_in_charge(session, caller, holder)
    except ApiError:
        return False
    return True


def _with_number(session: Session, typed: str) -> Passholder:
    try:
        card = session.get(Card, parse_uitpas_number(typed).value)
    except InvalidNumberError as error:
        raise FamilyError(FamilyFault.NUMBER) from error
    if card is None or card.group_pass or card.state != CardState.ACTIVE.name:
        raise FamilyError(FamilyFault.UNKNOWN)
    return session.get_one(Passholder, card.passholder_ref)


def _holder(session: Session, passholder_id: str) -> Passholder:
    found = holder_with(session, passholder_id)
    if found is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND)
    return found


def _doer(caller: Caller) -> Doer:
    return Doer(staff_id=caller.staff_id, client=caller.client)


def _problem(fault: FamilyFault) -> ApiError:
    said = {language: translator(language)(FAULTS[fault]) for language in LANGUAGES}
    return ApiError(_PROBS[fault], status=400, user_message=said)
