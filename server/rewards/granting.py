"""Give welcome rewards to who joins: once, and never more than there are (rules 9.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from server.passholders.models import RegistrationRules
from server.rewards.models import Reward, RewardGrant, RewardRules, RewardSystem
from shared.domain.rewards import Period, WelcomeOffer, is_granted


def rules_of(session: Session, system: int) -> RewardRules:
    """Return the switches of a card system."""
    return session.get(RewardRules, system) or RewardRules(card_system_id=system)


def welcome_rewards(
    session: Session, system: int, municipality: str, now: datetime, *, ref: int | None = None
) -> list[Reward]:
    """Return what somebody of a municipality would be given who joins a card system now.

    ref: who it is, when he is a pashouder already: what he was given is not given again.
    """
    had = set(session.exec(select(RewardGrant.reward_id).where(RewardGrant.passholder_ref == ref)))
    rewards = [one for one in _open(session, system, now) if one.id not in had]
    offers = offers_of(session, rewards) if rewards else {}
    return [one for one in rewards if is_granted(offers[one.id or 0], system, municipality, now)]


def grant_welcome(
    session: Session, joined: Mapping[int, str], system: int, now: datetime
) -> dict[int, list[Reward]]:
    """Give those who join a card system what there is for them, in that transaction; return who got what.

    joined: pashouder -> his municipality. Of two who join at the same moment, the last one is given to
    one: the second waits for the first.
    """
    # Always all of a card system's and in the same order, or two who wait for each other would never end.
    rewards = _open(session, system, now, lock=True)
    if not rewards:
        return {}
    had = select(RewardGrant.passholder_ref, RewardGrant.reward_id).where(
        col(RewardGrant.passholder_ref).in_(joined)
    )
    has, offers = set(session.exec(had).all()), offers_of(session, rewards)
    given: dict[int, list[Reward]] = {}
    for ref, municipality in joined.items():
        for reward in rewards:
            offer = offers[reward.id or 0]._replace(taken=reward.units_taken)
            if (ref, reward.id or 0) not in has and is_granted(offer, system, municipality, now):
                reward.units_taken += 1
                given.setdefault(ref, []).append(reward)
    session.add_all(
        RewardGrant(passholder_ref=ref, reward_id=one.id or 0, at=now)
        for ref, own in given.items()
        for one in own
    )
    return given


def offers_of(session: Session, rewards: Collection[Reward]) -> dict[int, WelcomeOffer]:
    """Return id -> what granting needs of rewards."""
    systems = systems_of(session, rewards)
    regions = _regions(session) if any(not one.cities for one in rewards) else {}
    return {reward.id or 0: _offer(reward, systems[reward.id or 0], regions) for reward in rewards}


def systems_of(session: Session, rewards: Collection[Reward]) -> dict[int, frozenset[int]]:
    """Return id -> the card systems a reward is for; none: all."""
    ids = [one.id or 0 for one in rewards]
    links = session.exec(
        select(RewardSystem.reward_id, RewardSystem.card_system_id).where(
            col(RewardSystem.reward_id).in_(ids)
        )
    ).all()
    return {id_: frozenset(system for reward, system in links if reward == id_) for id_ in ids}


def is_for(system: int) -> ColumnElement[bool]:
    """Return what holds for the rewards that members of a card system can have."""
    own = select(RewardSystem.reward_id).where(RewardSystem.card_system_id == system)
    any_ = select(RewardSystem.reward_id)
    return or_(col(Reward.id).in_(own), col(Reward.id).not_in(any_))


def _open(session: Session, system: int, now: datetime, *, lock: bool = False) -> list[Reward]:
    second = now.replace(microsecond=0)
    begin, end = col(Reward.granting_begin), col(Reward.granting_end)
    query = select(Reward).where(
        is_for(system),
        col(Reward.ended_at).is_(None),
        or_(begin.is_(None), begin <= second),
        or_(end.is_(None), end >= second),
    )
    query = query.order_by(col(Reward.id))
    if lock:
        # Read anew: the page that asked whether this is right saw them before they were locked.
        query = query.with_for_update().execution_options(populate_existing=True)
    found = list(session.exec(query))
    return found if found and rules_of(session, system).grants_welcome else []


def _regions(session: Session) -> dict[int, frozenset[str]]:
    """Return card system -> its municipalities; one without any is everyone's, and left out."""
    query = select(RegistrationRules.card_system_id, RegistrationRules.municipalities)
    return {system: frozenset(names) for system, names in session.exec(query) if names}


def _offer(reward: Reward, systems: frozenset[int], regions: Mapping[int, frozenset[str]]) -> WelcomeOffer:
    return WelcomeOffer(
        Period(reward.granting_begin, reward.granting_end),
        systems,
        frozenset(reward.cities) or _cities_of(systems, regions),
        reward.units,
        reward.units_taken,
        reward.ended_at is not None,
    )


def _cities_of(systems: frozenset[int], regions: Mapping[int, frozenset[str]]) -> frozenset[str]:
    """Return the municipalities of the card systems of a reward; none: those of everyone (rules 16.13)."""
    if not systems or not systems <= regions.keys():
        return frozenset()
    return frozenset().union(*(regions[system] for system in systems))
