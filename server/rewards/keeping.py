"""Keep welcome rewards: make, change and end them, and a card system's switches (rules 9.1-9.3, 9.11)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.kernel.audit import record
from server.rewards.granting import rules_of, systems_of
from server.rewards.models import Reward, RewardCounter, RewardRules, RewardSystem
from server.rewards.redeeming import counters_of
from shared.domain.rewards import Period

PAGE: Final = 50
"""Rewards on one page."""


class FrozenError(ValueError):
    """Somebody was given the reward already: when it begins is not changed any more (rules 9.2)."""

    def __init__(self, field_: str) -> None:
        super().__init__(f"{field_} is not changed once somebody was given the reward.")
        self.field = field_


@dataclass(frozen=True)
class RewardFacts:
    """What a reward is. publication: always with a begin. systems, counters, cities: none: all of them."""

    title: str
    description: str
    publication: Period
    practical_info: str = ""
    more_info_url: str = ""
    pictures: tuple[str, ...] = ()
    granting: Period = field(default_factory=Period)
    redeem: Period = field(default_factory=Period)
    units: int | None = None
    cities: frozenset[str] = frozenset()
    systems: frozenset[int] = frozenset()
    counters: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Keeper:
    """Who keeps rewards: a member of staff, a partner's program, or both."""

    staff_id: int | None = None
    client: str = ""


def create_reward(session: Session, system: int, facts: RewardFacts, now: datetime, keeper: Keeper) -> Reward:
    """Make a welcome reward of a card system."""
    reward = Reward(
        card_system_id=system,
        title=facts.title,
        description=facts.description,
        publication_begin=facts.publication.begin or now,
        made_at=now,
    )
    _put(reward, facts)
    session.add(reward)
    session.flush()
    _link(session, reward, facts)
    _note(session, "create", reward, keeper, _plain(facts))
    return reward


def change_reward(session: Session, reward: Reward, facts: RewardFacts, keeper: Keeper) -> bool:
    """Change a reward; False when nothing is different.

    Raises:
        FrozenError: it would begin at another moment, and somebody was given it already.
    """
    # Locked: nobody is given it while its begin changes.
    session.refresh(reward, with_for_update=True)
    before = facts_of(session, reward)
    if before == facts:
        return False
    if reward.units_taken:
        for name in ("granting", "redeem"):
            if getattr(before, name).begin != getattr(facts, name).begin:
                raise FrozenError(name)
    _put(reward, facts)
    _link(session, reward, facts)
    _note(session, "change", reward, keeper, {"before": _plain(before), "after": _plain(facts)})
    return True


def end_reward(session: Session, reward: Reward, now: datetime, keeper: Keeper) -> bool:
    """End a reward, also for who was given it; False when it has ended."""
    if reward.ended_at is not None:
        return False
    reward.ended_at = now
    _note(session, "end-reward", reward, keeper, {})
    return True


def put_rules(session: Session, wanted: RewardRules, keeper: Keeper) -> bool:
    """Keep the switches of a card system; False when nothing is different."""
    system = wanted.card_system_id
    before = rules_of(session, system).model_dump()
    if before == wanted.model_dump():
        return False
    session.merge(wanted)
    detail = {"before": before, "after": wanted.model_dump()}
    record(session, "change-reward-rules", "card_system", system, staff_id=keeper.staff_id, detail=detail)
    return True


def facts_of(session: Session, reward: Reward) -> RewardFacts:
    """Return what a reward is now."""
    id_ = reward.id or 0
    counters = counters_of(session, [reward])[id_]
    return RewardFacts(
        title=reward.title,
        description=reward.description,
        publication=Period(reward.publication_begin, reward.publication_end),
        practical_info=reward.practical_info,
        more_info_url=reward.more_info_url,
        pictures=tuple(reward.pictures),
        granting=Period(reward.granting_begin, reward.granting_end),
        redeem=Period(reward.redeem_begin, reward.redeem_end),
        units=reward.units,
        cities=frozenset(reward.cities),
        systems=systems_of(session, [reward])[id_],
        counters=frozenset(counter.id or 0 for counter in counters),
    )


def rewards_of_system(session: Session, system: int, *, older_than: int | None = None) -> list[Reward]:
    """Return at most `PAGE` rewards of a card system, the newest first; older_than: an id."""
    query = select(Reward).where(Reward.card_system_id == system)
    if older_than is not None:
        query = query.where(col(Reward.id) < older_than)
    return list(session.exec(query.order_by(col(Reward.id).desc()).limit(PAGE)))


def _put(reward: Reward, facts: RewardFacts) -> None:
    reward.title, reward.description = facts.title, facts.description
    reward.practical_info, reward.more_info_url = facts.practical_info, facts.more_info_url
    reward.pictures, reward.cities, reward.units = list(facts.pictures), sorted(facts.cities), facts.units
    reward.granting_begin, reward.granting_end = facts.granting
    reward.redeem_begin, reward.redeem_end = facts.redeem
    reward.publication_begin = facts.publication.begin or reward.publication_begin
    reward.publication_end = facts.publication.end


def _link(session: Session, reward: Reward, facts: RewardFacts) -> None:
    id_ = reward.id or 0
    session.execute(delete(RewardSystem).where(col(RewardSystem.reward_id) == id_))
    session.execute(delete(RewardCounter).where(col(RewardCounter.reward_id) == id_))
    session.add_all(RewardSystem(reward_id=id_, card_system_id=one) for one in sorted(facts.systems))
    session.add_all(RewardCounter(reward_id=id_, counter_id=one) for one in sorted(facts.counters))


def _note(session: Session, action: str, reward: Reward, keeper: Keeper, detail: dict[str, object]) -> None:
    said = detail | ({"client": keeper.client} if keeper.client else {})
    record(session, action, "reward", reward.id, staff_id=keeper.staff_id, detail=said)


def _plain(facts: RewardFacts) -> dict[str, object]:
    """Return what the trail keeps of a reward."""
    periods = {
        f"{name}_{end}": at.isoformat() if at else None
        for name in ("granting", "redeem", "publication")
        for end, at in getattr(facts, name)._asdict().items()
    }
    return {
        "title": facts.title,
        "description": facts.description,
        "practical_info": facts.practical_info,
        "website": facts.more_info_url,
        "units": facts.units,
        "cities": sorted(facts.cities),
        "card_systems": sorted(facts.systems),
        "counters": sorted(facts.counters),
        **periods,
    }
