"""What a pashouder does for himself and his family in the JSON API: check in, look back (json-api 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, Literal

from fastapi import Depends, Query
from sqlmodel import Session, select
from starlette.responses import Response

from server.api.callers import ByToken, Caller, Way, limited
from server.api.errors import answer_error
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Instant, Operations, Page, Wire
from server.checkins.api import told
from server.checkins.scan import check_scan, save_point
from server.families.models import FamilyMember
from server.kernel.database import RequestSession
from server.mine.history import history_of
from server.passholders.models import Membership, Passholder
from server.registration.finding import holder_with
from server.registration.giving import cards_of
from server.uitid.api import holder_behind
from server.web.i18n import SOURCE, translator
from shared.domain.checkin import CardState, Decision
from shared.domain.outcomes import Outcome

MYSELF: Final = "me"
_TRIES: Final = 30
_SECONDS: Final = 60
_OF_OUTCOME: Final[Mapping[Outcome, Prob]] = MappingProxyType(
    {
        Outcome.CODE_INVALID: Prob.CHECKIN_CODE_INVALID,
        Outcome.CODE_EXPIRED: Prob.CHECKIN_CODE_EXPIRED,
        Outcome.ENDED: Prob.CHECKIN_CODE_EXPIRED,
        Outcome.NO_MEMBERSHIP: Prob.PASSHOLDER_NO_ACTIVE_CARDSYSTEMS,
        Outcome.SOCIAL_TARIFF_EXPIRED: Prob.PASSHOLDER_NO_ACTIVE_CARDSYSTEMS,
    }
)
"""What an app is told; anything else is `checkin-not-allowed` (messages 1)."""

router = Operations()


class CodeMessage(Wire):
    """A scanned code: the text of the QR code, or the end of it."""

    checkin_code: str


class SavedMessage(Wire):
    """Points that came, and the balance now."""

    added_points: int
    total_points: int


class TransactionMessage(Wire):
    """`Transaction`."""

    title: str
    location: str
    creation_date: Instant
    points: int


@router.post(
    "/passholders/{passholder_id}/checkins",
    status_code=201,
    response_model=SavedMessage,
    dependencies=[Depends(limited("self check-in", most=_TRIES, seconds=_SECONDS))],
)
def check_in(
    session: RequestSession, caller: ByToken, passholder_id: str, sent: CodeMessage
) -> SavedMessage | Response:
    """Check in with a scanned code; what was refused is kept as a fact where a zuil would keep it."""
    now = datetime.now(UTC)
    holder = _whose(session, caller, passholder_id, ApiPermission.PASSHOLDERS_SELF_CHECKIN)
    scan = check_scan(session, sent.checkin_code, now)
    if isinstance(scan, Decision):
        raise _refused(scan, now)
    cards = cards_of(session, holder.ref or 0)
    card = min(cards, key=lambda one: one.state != CardState.ACTIVE.name, default=None)
    if card is None:
        raise _refused(Decision(Outcome.NO_MEMBERSHIP), now)
    saved = save_point(session, scan, card.uitpas_number, holder.birth_date, now)
    if saved.decision.outcome is not Outcome.OK:
        return answer_error(_refused(saved.decision, now, saved.total))
    return SavedMessage(added_points=saved.decision.points, total_points=saved.total or 0)


@router.get("/passholders/{passholder_id}/transactions")
def list_transactions(
    session: RequestSession,
    caller: ByToken,
    asked: AskedPage,
    passholder_id: str,
    *,
    sort: Annotated[Literal["asc", "desc"], Query(alias="sort[creationDate]")] = "desc",
) -> Page[TransactionMessage]:
    """Return what somebody saved and spent."""
    allowed = (ApiPermission.PASSHOLDERS_TRANSACTION_HISTORY, ApiPermission.PASSHOLDERS_SELF_CHECKIN)
    permission = next((one for one in allowed if caller.may(one)), ApiPermission.PASSHOLDERS_SELF_CHECKIN)
    holder = _whose(session, caller, passholder_id, permission)
    found = history_of(
        session,
        holder.ref or 0,
        translator(SOURCE),
        start=asked.start,
        most=asked.limit,
        is_oldest_first=sort == "asc",
    )
    return Page(
        total_items=found.total,
        member=[
            TransactionMessage(
                title=line.title, location=line.location, creation_date=line.at, points=line.points
            )
            for line in found.lines
        ],
    )


def _whose(session: Session, caller: Caller, passholder_id: str, permission: ApiPermission) -> Passholder:
    """Return whom the caller acts for: himself, one of his family, or a member of his card systems.

    Raises:
        ApiError: 400, there is nobody; 403, he may not act for him.
    """
    caller.require(permission)
    if passholder_id == MYSELF:
        if caller.way is not Way.USER:
            raise ApiError(Prob.FORBIDDEN, "Only a user is `me`.")
        return _himself(session, caller)
    holder = holder_with(session, passholder_id)
    if holder is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND, status=400)
    query = select(Membership.card_system_id).where(Membership.passholder_ref == holder.ref)
    own: set[int] = set(session.exec(query))
    if caller.in_charge_of(permission) & own:
        return holder
    himself = _himself(session, caller) if caller.way is Way.USER else None
    is_family = himself is not None and (
        himself.ref == holder.ref or session.get(FamilyMember, (himself.ref, holder.ref)) is not None
    )
    if not is_family:
        raise ApiError(Prob.FORBIDDEN, f"The permission {permission} is missing for this passholder.")
    return holder


def _himself(session: Session, caller: Caller) -> Passholder:
    try:
        return holder_behind(session, caller)
    except ApiError as error:
        raise ApiError(error.prob, status=400) from error


def _refused(decision: Decision, now: datetime, total: int | None = None) -> ApiError:
    prob = _OF_OUTCOME.get(decision.outcome, Prob.CHECKIN_NOT_ALLOWED)
    return ApiError(prob, status=400, user_message=told(decision, now, total))
