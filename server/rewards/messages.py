"""Rewards as the JSON API shows them (json-api 5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, Literal

from pydantic import Field
from sqlmodel import Session, col, select

from server.api.wire import Instant, Wire
from server.cardsystems.messages import CardSystemMessage, card_system_message
from server.cardsystems.models import CardSystem
from server.counters.messages import OrganizerMessage, organizer_message
from server.counters.models import Counter
from server.rewards.granting import systems_of
from server.rewards.models import Reward, RewardRedemption
from server.rewards.redeeming import counters_of
from shared.domain.rewards import Period

WELCOME: Final = "WELCOME"
ACTIVE, DELETED = "ACTIVE", "DELETED"
_LAST: Final = timedelta(days=30)
"""How long before its end a reward is a last chance."""


class PeriodMessage(Wire):
    """`Period`."""

    begin: Instant
    end: Instant | None = None


class RewardMessage(Wire):
    """`Reward`; of a request what only answers say is passed over."""

    id: str | None = None
    title: str
    type: Literal["POINTS", "WELCOME"]
    promotional_description: str
    publication_period: PeriodMessage
    points: int | None = None
    more_info_url: str | None = Field(None, alias="moreInfoURL")
    granting_period: PeriodMessage | None = None
    owning_card_system: CardSystemMessage | None = None
    applicable_card_systems: list[CardSystemMessage] | None = None
    all_card_systems: bool | None = None
    organizers: list[OrganizerMessage] | None = None
    status: str | None = None
    max_available_units: int | None = Field(None, ge=0, le=2**31 - 1)
    units_taken: int | None = None
    practical_info: str | None = None
    pictures: list[str] | None = None
    redeem_period: PeriodMessage | None = None
    for_kids: bool | None = None
    sport: bool | None = None
    featured: bool | None = None
    online: bool | None = None
    last_chance: bool | None = None


class RedeemedRewardMessage(Wire):
    """`RedeemedReward`."""

    id: str
    reward: RewardMessage
    redeem_date: Instant


def reward_messages(session: Session, rewards: Collection[Reward], now: datetime) -> dict[int, RewardMessage]:
    """Return id -> a reward as it goes over the wire."""
    systems = {one.id: one for one in session.exec(select(CardSystem).order_by(col(CardSystem.id)))}
    own, counters = systems_of(session, rewards), counters_of(session, rewards)
    return {
        reward.id or 0: _message(reward, systems, own[reward.id or 0], counters[reward.id or 0], now)
        for reward in rewards
    }


def redeemed_message(redemption: RewardRedemption, reward: RewardMessage) -> RedeemedRewardMessage:
    """Return a reward that was handed out as it goes over the wire."""
    return RedeemedRewardMessage(id=str(redemption.id), reward=reward, redeem_date=redemption.at)


def period_of(message: PeriodMessage | None) -> Period:
    """Return the period of a request; seconds are what counts."""
    if message is None:
        return Period()
    begin, end = message.begin.replace(microsecond=0), message.end
    return Period(begin, end.replace(microsecond=0) if end else None)


def _message(
    reward: Reward,
    systems: Mapping[int, CardSystem],
    own: frozenset[int],
    counters: Collection[Counter],
    now: datetime,
) -> RewardMessage:
    applicable = [one for id_, one in systems.items() if not own or id_ in own]
    return RewardMessage(
        id=str(reward.id),
        title=reward.title,
        type="WELCOME",
        promotional_description=reward.description,
        publication_period=PeriodMessage(begin=reward.publication_begin, end=reward.publication_end),
        points=0,
        more_info_url=reward.more_info_url or None,
        granting_period=_period(reward, reward.granting_begin, reward.granting_end),
        owning_card_system=card_system_message(systems[reward.card_system_id]),
        applicable_card_systems=[card_system_message(one) for one in applicable],
        all_card_systems=not own,
        organizers=[organizer_message(one) for one in counters if one.organizer_id] or None,
        status=DELETED if reward.ended_at else ACTIVE,
        max_available_units=reward.units,
        units_taken=reward.units_taken,
        practical_info=reward.practical_info or None,
        pictures=reward.pictures,
        redeem_period=_period(reward, reward.redeem_begin, reward.redeem_end),
        for_kids=False,
        sport=False,
        featured=False,
        online=False,
        last_chance=reward.redeem_end is not None and now <= reward.redeem_end <= now + _LAST,
    )


def _period(reward: Reward, begin: datetime | None, end: datetime | None) -> PeriodMessage | None:
    """Return a period; one that has only an end began when the reward was made."""
    return PeriodMessage(begin=begin or reward.made_at, end=end) if begin or end else None
