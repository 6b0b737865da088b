"""Find rewards, as `GET /rewards` of the JSON API asks for them (json-api 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from server.api.wire import LIMIT, MOST
from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.rewards.granting import is_for
from server.rewards.messages import ACTIVE, DELETED
from server.rewards.models import Reward, RewardCounter, RewardGrant, RewardRedemption


class RewardType(StrEnum):
    """Which kind is asked for; of POINTS there are none yet."""

    POINTS = "POINTS"
    WELCOME = "WELCOME"
    ANY = "ANY"


class Subset(StrEnum):
    """Which part of them: for people, for counters, now or later."""

    ALL = "ALL"
    ENDUSERS = "ENDUSERS"
    REDEEMABLE = "REDEEMABLE"
    REDEEMABLE_FUTURE = "REDEEMABLE-FUTURE"
    ENDUSER_FUTURE = "ENDUSER-FUTURE"


class AskedRewards(BaseModel):
    """By what rewards are looked for, as the address says it."""

    organizer_id: list[str] = Field([], alias="organizerId")
    organizer_postal_code: list[str] = Field([], alias="organizerPostalCode")
    owning_card_system_id: list[int] = Field([], alias="owningCardSystemId")
    applicable_card_system_id: list[int] = Field([], alias="applicableCardSystemId")
    type: RewardType = RewardType.POINTS
    text: str = ""
    facets: list[str] = []
    sort: str = ""
    sort_name: str = Field("", alias="sort[name]")
    sort_creation_date: str = Field("", alias="sort[creationDate]")
    sort_redeem_count: str = Field("", alias="sort[redeemCount]")
    categories: list[str] = []
    points_from: int = Field(0, alias="pointsFrom")
    subset: Subset = Subset.ENDUSERS
    sport: bool = False
    for_kids: bool = Field(default=False, alias="forKids")
    featured: bool = False
    online: bool = False
    status: str = ""
    redeemable_by: str = Field("", alias="isRedeemableByPassholderId")
    interesting_for: str = Field("", alias="isInterestingForPassholderId")
    start: int = Field(0, ge=0, le=2**31 - 1)
    limit: int = Field(LIMIT, ge=0, le=MOST)


class FoundRewards(NamedTuple):
    """Part of what was found. by_system: card system -> how many of all that was found are its own."""

    total: int
    rewards: Sequence[Reward]
    by_system: Mapping[int, int]


_ORDERS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "name": func.lower(col(Reward.title)),
        "creationdate": col(Reward.made_at),
        "redeemcount": col(Reward.units_taken),
    }
)
"""By what welcome rewards differ; all have the same points."""


def find_rewards(session: Session, asked: AskedRewards, now: datetime, holder: int | None) -> FoundRewards:
    """Return the rewards that are asked for; holder: those that are his to collect, None: of anybody."""
    query = select(Reward).where(*_filters(asked, now.replace(microsecond=0)))
    if holder is not None:
        query = query.where(_is_for_holder(holder))
    found = query.subquery()
    counted = session.exec(
        select(found.c.card_system_id, func.count()).group_by(found.c.card_system_id)
    ).all()
    rewards = session.exec(_ordered(query, asked).offset(asked.start).limit(asked.limit)).all()
    by_system: dict[int, int] = dict(counted)
    return FoundRewards(sum(by_system.values()), rewards, by_system)


def _filters(asked: AskedRewards, now: datetime) -> list[ColumnElement[bool]]:
    found = [*_in_subset(asked.subset, now)]
    has_other_kinds = asked.sport or asked.for_kids or asked.featured or asked.online
    if asked.type is RewardType.POINTS or asked.categories or asked.points_from > 0 or has_other_kinds:
        found.append(col(Reward.id).is_(None))  # no welcome reward is
    if asked.owning_card_system_id:
        found.append(col(Reward.card_system_id).in_(asked.owning_card_system_id))
    if asked.applicable_card_system_id:
        found.append(or_(*map(is_for, asked.applicable_card_system_id)))
    if asked.organizer_id:
        found.append(_at(col(Counter.organizer_id).in_(asked.organizer_id)))
    if asked.organizer_postal_code:
        found.append(_at(col(Counter.postcode).in_(asked.organizer_postal_code)))
    if asked.text.strip():
        found.append(_says(asked.text.strip()))
    if asked.status:
        ended = col(Reward.ended_at)
        states = {ACTIVE: ended.is_(None), DELETED: ended.is_not(None)}
        found.append(states.get(asked.status, col(Reward.id).is_(None)))
    return found


def _in_subset(subset: Subset, now: datetime) -> list[ColumnElement[bool]]:
    if subset is Subset.ALL:
        return []
    found: list[ColumnElement[bool]] = [
        col(Reward.ended_at).is_(None),
        col(Reward.card_system_id).in_(select(CardSystem.id).where(col(CardSystem.permanent))),
    ]
    if subset in {Subset.REDEEMABLE_FUTURE, Subset.ENDUSER_FUTURE}:
        found.append(col(Reward.redeem_begin) > now)
    else:
        found.append(_holds(Reward.redeem_begin, Reward.redeem_end, now))
    if subset in {Subset.ENDUSERS, Subset.ENDUSER_FUTURE}:
        found.append(_holds(Reward.publication_begin, Reward.publication_end, now))
    return found


def _holds(begin: Any, end: Any, now: datetime) -> ColumnElement[bool]:  # noqa: ANN401 - columns, as SQLModel types them
    return and_(or_(col(begin).is_(None), col(begin) <= now), or_(col(end).is_(None), col(end) >= now))


def _at(is_counter: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return what holds for the rewards that are handed out at such counters; some are at every counter."""
    there = select(RewardCounter.reward_id).join(Counter, col(Counter.id) == col(RewardCounter.counter_id))
    return or_(
        col(Reward.id).in_(there.where(is_counter)), col(Reward.id).not_in(select(RewardCounter.reward_id))
    )


def _says(text: str) -> ColumnElement[bool]:
    """Return what holds for rewards with a text in their title, or in name or city of a counter."""
    there = select(RewardCounter.reward_id).join(Counter, col(Counter.id) == col(RewardCounter.counter_id))
    named = or_(*(col(one).icontains(text, autoescape=True) for one in (Counter.name, Counter.city)))
    return or_(col(Reward.title).icontains(text, autoescape=True), col(Reward.id).in_(there.where(named)))


def _is_for_holder(ref: int) -> ColumnElement[bool]:
    given = select(RewardGrant.reward_id).where(RewardGrant.passholder_ref == ref)
    taken = select(RewardRedemption.reward_id).where(RewardRedemption.passholder_ref == ref)
    return and_(col(Reward.id).in_(given), col(Reward.id).not_in(taken))


def _ordered(query: SelectOfScalar[Reward], asked: AskedRewards) -> SelectOfScalar[Reward]:
    older = {
        "name": asked.sort_name,
        "creationdate": asked.sort_creation_date,
        "redeemcount": asked.sort_redeem_count,
    }
    wanted = [one.strip() for one in asked.sort.split(",") if one.strip()]
    wanted += [("-" if way == "desc" else "") + name for name, way in older.items() if way]
    for one in wanted:
        column = _ORDERS.get(one.removeprefix("-").casefold())
        if column is not None:
            query = query.order_by(column.desc() if one.startswith("-") else column)
    return query.order_by(col(Reward.id))
