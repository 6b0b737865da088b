"""`rewards` of the JSON API, as far as welcome rewards go (json-api 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final, NoReturn

from fastapi import Query
from sqlmodel import Session, col, select
from starlette.responses import Response

from server.api.callers import ByAnyone, ByToken, Caller, Way
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob
from server.api.wire import AskedPage, Operations, Page, Wire
from server.cards.api import require_uitpas_number
from server.cards.models import Card
from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.kernel.database import RequestSession, WritingSession
from server.registration.finding import holder_with
from server.registration.writing import require_member
from server.rewards.keeping import FrozenError, Keeper, change_reward, create_reward
from server.rewards.messages import (
    WELCOME,
    RedeemedRewardMessage,
    RewardMessage,
    redeemed_message,
    reward_messages,
)
from server.rewards.models import Reward, RewardRedemption
from server.rewards.redeeming import (
    Giver,
    OwnReward,
    RewardRefusedError,
    look_at,
    redeem,
    take_back,
)
from server.rewards.searching import AskedRewards, FoundRewards, RewardType, find_rewards
from server.rewards.taken import WantedOf, redeemed_by
from server.rewards.taking import counters_in, facts_in, giver_for, require_writing, writing_for
from server.rewards.words import sentence_of, verdict_sentence
from server.web.i18n import LANGUAGES, SOURCE, translator
from shared.domain.rewards import RewardVerdict

_PROBS: Final[Mapping[RewardVerdict, Prob]] = MappingProxyType(
    {
        RewardVerdict.UNKNOWN: Prob.REWARD_NOT_FOUND,
        RewardVerdict.CARD_INVALID: Prob.INVALID_CARD,
        RewardVerdict.NO_ACTIVE_SYSTEM: Prob.PASSHOLDER_NO_ACTIVE_CARDSYSTEMS,
        RewardVerdict.TARIFF_EXPIRED: Prob.PASSHOLDER_NO_ACTIVE_CARDSYSTEMS,
        RewardVerdict.NOT_FOR_PERSON: Prob.REWARD_PASSHOLDER_NO_APPLICABLE_CARDSYSTEMS,
        RewardVerdict.SWITCHED_OFF: Prob.REWARD_PERIOD_CONSTRAINT,
        RewardVerdict.OUTSIDE_PERIOD: Prob.REWARD_PERIOD_CONSTRAINT,
        RewardVerdict.SOLD_OUT: Prob.REWARD_VOLUME_CONSTRAINT,
        RewardVerdict.TAKEN: Prob.REWARD_PASSHOLDER_VOLUME_CONSTRAINT,
        RewardVerdict.NOT_HERE: Prob.FORBIDDEN,
    }
)
_REASONS: Final[Mapping[Prob, str]] = MappingProxyType(
    {
        Prob.INVALID_CARD: "INVALID_CARD",
        Prob.PASSHOLDER_NO_ACTIVE_CARDSYSTEMS: "PASSHOLDER_NO_ACTIVE_CARDSYSTEM",
        Prob.REWARD_PASSHOLDER_NO_APPLICABLE_CARDSYSTEMS: "PASSHOLDER_APPLICABLE_CARDSYSTEMS",
        Prob.REWARD_PERIOD_CONSTRAINT: "REWARD_PERIOD",
        Prob.REWARD_VOLUME_CONSTRAINT: "REWARD_VOLUME",
        Prob.REWARD_PASSHOLDER_VOLUME_CONSTRAINT: "PASSHOLDER_VOLUME",
    }
)

router = Operations()


class FacetName(Wire):
    """What one value of a facet is called."""

    nl: str


class FacetValue(Wire):
    """One value of a facet, and how many rewards have it."""

    name: FacetName
    count: int


class RewardsPage(Page[RewardMessage]):
    """`RewardsPaginatedResponse`. facet: of those that were asked for, what welcome rewards differ in."""

    facet: Mapping[str, Mapping[str, FacetValue]] | None = None


class RedeemStatus(Wire):
    """Whether somebody can have a reward now, or why not."""

    redeemable: bool
    reason: str | None = None
    message: str | None = None


class RedeemRequest(Wire):
    """A reward, and the card of who gets it."""

    reward_id: str
    uitpas_number: str


@router.get("/rewards")
def list_rewards(
    session: RequestSession, caller: ByAnyone, asked: Annotated[AskedRewards, Query()]
) -> RewardsPage:
    """Return rewards; those that are somebody's to collect, for who may know."""
    _check_places(session, asked)
    holder, now = _asked_holder(session, caller, asked), datetime.now(UTC)
    found = find_rewards(session, asked, now, holder)
    messages = reward_messages(session, found.rewards, now)
    return RewardsPage(
        total_items=found.total,
        member=[messages[one.id or 0] for one in found.rewards],
        facet=_facets(session, asked, found),
    )


@router.post("/rewards")
def add_reward(session: RequestSession, caller: ByToken, message: RewardMessage) -> RewardMessage:
    """Make a welcome reward."""
    writing = writing_for(session, caller, message)
    facts = facts_in(session, message, writing.counters)
    now = datetime.now(UTC)
    keeper = Keeper(caller.staff_id, caller.client)
    return _one(session, create_reward(session, writing.system, facts, now, keeper), now)


@router.get("/rewards/redeemed")
def list_redeemed(
    session: WritingSession,
    caller: ByToken,
    asked: AskedPage,
    *,
    uitpas_number: Annotated[str, Query(alias="uitpasNumber")] = "",
    passholder_id: Annotated[str, Query(alias="passholderId")] = "",
    reward_type: Annotated[RewardType, Query(alias="rewardType")] = RewardType.ANY,
    organizer_id: Annotated[list[str], Query(alias="organizerId")] = [],  # noqa: B006 - FastAPI copies it
    reward_title: Annotated[str, Query(alias="rewardTitle")] = "",
) -> Page[RedeemedRewardMessage]:
    """Return what was handed to somebody, the newest first; the trail says who looked."""
    caller.require(ApiPermission.REWARDS_READ)
    if bool(uitpas_number) == bool(passholder_id) or (passholder_id and not organizer_id):
        sentence = "Give one of uitpasNumber and passholderId, and with the latter organizerId."
        raise ApiError(Prob.INVALID_UITPAS_NUMBER, sentence)
    ref = _ref_of_number(session, uitpas_number) if uitpas_number else _ref(session, passholder_id)
    if ref is None or reward_type is RewardType.POINTS:
        return Page(total_items=0, member=[])
    require_member(session, caller, ApiPermission.REWARDS_READ, ref)
    caller.note(session, "look", "passholder", ref)
    total, found = redeemed_by(
        session, WantedOf(ref, tuple(organizer_id), reward_title), start=asked.start, most=asked.limit
    )
    messages = reward_messages(session, [reward for _, reward in found], datetime.now(UTC))
    return Page(
        total_items=total,
        member=[redeemed_message(one, messages[reward.id or 0]) for one, reward in found],
    )


@router.post("/rewards/redeemed", status_code=201)
def redeem_reward(session: RequestSession, caller: ByToken, message: RedeemRequest) -> RedeemedRewardMessage:
    """Hand a welcome reward to who shows a card."""
    if caller.way is Way.USER and caller.staff_id is None:
        raise ApiError(Prob.REWARD_INVALID_REDEEM_TYPE, user_message=_told(RewardVerdict.ONLY_AT_COUNTER))
    caller.require(ApiPermission.REWARDS_REDEEM)
    card, now = _card(session, message.uitpas_number), datetime.now(UTC)
    reward, ref = _reward(session, message.reward_id), card.passholder_ref or 0
    giver = _giver(session, caller, reward, ref, now)
    try:
        made = redeem(session, reward, ref, giver, now, card=card)
    except RewardRefusedError:
        (own,) = look_at(session, ref, [reward], now, giver=giver, card=card)
        _refuse(own)
    return redeemed_message(made, _one(session, reward, now))


@router.delete("/rewards/redeemed/{redemption_id}", status_code=204)
def cancel(session: RequestSession, caller: ByToken, redemption_id: str) -> Response:
    """Take back what was handed out for one of the caller's organisers."""
    caller.require(ApiPermission.REWARDS_REDEEM)
    found = session.get(RewardRedemption, _number(redemption_id))
    if found is None:
        raise ApiError(Prob.NOT_FOUND, "There is no such redeemed reward.")
    counter = session.get(Counter, found.counter_id)
    organizer = str(counter.organizer_id) if counter is not None else ""
    caller.require(ApiPermission.REWARDS_REDEEM, organizer=organizer)
    giver = Giver(found.counter_id or 0, frozenset(), caller.staff_id, caller.client)
    if not take_back(session, found, giver):
        raise ApiError(Prob.NOT_FOUND, "There is no such redeemed reward.")
    return Response(status_code=204)


@router.get("/rewards/{reward_id}")
def show_reward(session: RequestSession, caller: ByToken, reward_id: str) -> RewardMessage:
    """Return one reward, also one that has ended."""
    caller.require(ApiPermission.REWARDS_READ)
    return _one(session, _reward(session, reward_id), datetime.now(UTC))


@router.put("/rewards/{reward_id}")
def put_reward(
    session: RequestSession, caller: ByToken, reward_id: str, message: RewardMessage
) -> RewardMessage:
    """Write down all of a reward anew; what the message leaves out is cleared."""
    reward = _reward(session, reward_id)
    require_writing(session, caller, reward)
    if reward.ended_at is not None:
        raise ApiError(Prob.REWARD_NOT_FOUND, user_message=_told(RewardVerdict.UNKNOWN))
    facts = facts_in(session, message, counters_in(session, caller, message, reward), reward)
    try:
        change_reward(session, reward, facts, Keeper(caller.staff_id, caller.client))
    except FrozenError as error:
        raise ApiError(Prob.REWARD_NOT_EDITABLE, str(error)) from error
    return _one(session, reward, datetime.now(UTC))


@router.get("/rewards/{reward_id}/redeem-status")
def show_status(
    session: RequestSession,
    caller: ByToken,
    reward_id: str,
    uitpas_number: Annotated[str, Query(alias="uitpasNumber")],
) -> RedeemStatus:
    """Say whether who shows a card can have a reward now."""
    caller.require(ApiPermission.REWARDS_REDEEM)
    reward, now = _reward(session, reward_id), datetime.now(UTC)
    card = _card(session, uitpas_number)
    ref = card.passholder_ref or 0
    giver = _giver(session, caller, reward, ref, now)
    (own,) = look_at(session, ref, [reward], now, giver=giver, card=card)
    if own.verdict is RewardVerdict.POSSIBLE:
        return RedeemStatus(redeemable=True)
    prob = _PROBS[own.verdict]
    if prob not in _REASONS:
        _refuse(own)
    sentence = verdict_sentence(translator(SOURCE), own)
    return RedeemStatus(redeemable=False, reason=_REASONS[prob], message=sentence)


def _giver(session: Session, caller: Caller, reward: Reward, ref: int, now: datetime) -> Giver:
    """Return a counter of the caller's that hands a reward out.

    Raises:
        ApiError: 403, says at which counters it is.
    """
    giver = giver_for(session, caller, reward)
    if giver is None:
        nowhere = Giver(0, frozenset())
        (own,) = look_at(session, ref, [reward], now, giver=nowhere)
        _refuse(OwnReward(reward, RewardVerdict.NOT_HERE, own.counters, None))
    return giver


def _refuse(own: OwnReward) -> NoReturn:
    told = {language: verdict_sentence(translator(language), own) for language in LANGUAGES}
    raise ApiError(_PROBS[own.verdict], user_message=told)


def _told(verdict: RewardVerdict) -> dict[str, str]:
    return {language: sentence_of(translator(language), verdict) for language in LANGUAGES}


def _one(session: Session, reward: Reward, now: datetime) -> RewardMessage:
    session.flush()
    return reward_messages(session, [reward], now)[reward.id or 0]


def _reward(session: Session, text: str) -> Reward:
    found = session.get(Reward, _number(text))
    if found is None:
        raise ApiError(Prob.REWARD_NOT_FOUND, user_message=_told(RewardVerdict.UNKNOWN))
    return found


def _card(session: Session, number: str) -> Card:
    """Return somebody's card.

    Raises:
        ApiError: 400, it is no number, or nobody's.
    """
    card = session.get(Card, require_uitpas_number(number))
    if card is None or card.passholder_ref is None:
        raise ApiError(Prob.PASSHOLDER_NOT_FOUND, status=400)
    return card


def _ref_of_number(session: Session, number: str) -> int | None:
    card = session.get(Card, require_uitpas_number(number))
    return card.passholder_ref if card is not None else None


def _ref(session: Session, passholder_id: str) -> int | None:
    holder = holder_with(session, passholder_id)
    return holder.ref if holder is not None else None


def _number(text: str) -> int:
    """Return the number of a reward; 0, which none has, for what is no number."""
    return int(text) if text.isdecimal() and len(text) <= len("999999999") else 0


def _check_places(session: Session, asked: AskedRewards) -> None:
    wanted = {*asked.owning_card_system_id, *asked.applicable_card_system_id}
    known = session.exec(select(CardSystem.id).where(col(CardSystem.id).in_(wanted))).all()
    if wanted != set(known):
        raise ApiError(Prob.CARDSYSTEM_NOT_FOUND)
    organizers = session.exec(
        select(Counter.organizer_id).where(col(Counter.organizer_id).in_(asked.organizer_id))
    )
    if set(asked.organizer_id) != set(organizers):
        raise ApiError(Prob.ORGANIZER_NOT_FOUND, status=400)


def _asked_holder(session: Session, caller: Caller, asked: AskedRewards) -> int | None:
    passholder = asked.redeemable_by or asked.interesting_for
    if not passholder:
        return None
    caller.require(ApiPermission.REWARDS_PASSHOLDERS_READ)
    ref = _ref(session, passholder)
    if ref is None:
        return 0
    require_member(session, caller, ApiPermission.REWARDS_PASSHOLDERS_READ, ref)
    return ref


def _facets(
    session: Session, asked: AskedRewards, found: FoundRewards
) -> dict[str, dict[str, FacetValue]] | None:
    facets: dict[str, dict[str, FacetValue]] = {}
    if "type" in asked.facets and found.total:
        facets["type"] = {WELCOME: FacetValue(name=FacetName(nl="Welkomstvoordelen"), count=found.total)}
    if "owningCardSystemId" in asked.facets:
        systems = session.exec(select(CardSystem).where(col(CardSystem.id).in_(found.by_system)))
        facets["owningCardSystemId"] = {
            str(one.id): FacetValue(name=FacetName(nl=one.name), count=found.by_system[one.id])
            for one in systems
        }
    return facets or None
