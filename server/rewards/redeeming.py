"""Hand welcome rewards to those who were given them, and take them back (rules 9.3, 9.6, 9.9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from server.cards.models import Card
from server.cardsystems.rights import CounterRight
from server.counters.models import Counter
from server.counters.rights import rights_of
from server.kernel.audit import record
from server.passholders.models import Membership, MembershipStatus
from server.passholders.standing import is_active
from server.rewards.granting import offers_of
from server.rewards.models import Reward, RewardCounter, RewardGrant, RewardRedemption, RewardRules
from server.web.headers import PICTURE
from shared.domain.checkin import CardState
from shared.domain.rewards import (
    MemberState,
    Period,
    RewardVerdict,
    WelcomeFacts,
    WelcomeOffer,
    welcome_verdict,
)
from shared.domain.zones import local_day


class RewardRefusedError(Exception):
    """A reward is not handed out; nothing was changed."""

    def __init__(self, verdict: RewardVerdict) -> None:
        super().__init__(verdict.value)
        self.verdict = verdict


@dataclass(frozen=True)
class Giver:
    """Who hands a reward out: a counter, by a member of its staff, through a partner's program or both.

    systems: the card systems in which it may.
    """

    counter_id: int
    systems: frozenset[int]
    staff_id: int | None = None
    client: str = ""


@dataclass(frozen=True)
class OwnReward:
    """A welcome reward of somebody, at a counter or, without one, on his own page.

    counters: where it is handed out; none: everywhere. taken: how he got it, None while he did not.
    """

    reward: Reward
    verdict: RewardVerdict
    counters: Sequence[Counter]
    taken: RewardRedemption | None

    @property
    def picture(self) -> str:
        """The address of the first of its pictures that a page may show; empty when there is none."""
        return next((one for one in self.reward.pictures if PICTURE.fullmatch(one)), "")


def rewards_of(session: Session, ref: int, now: datetime, *, giver: Giver | None = None) -> list[OwnReward]:
    """Return the welcome rewards somebody was given, the newest first; giver: None on his own page."""
    query = (
        select(Reward)
        .join(RewardGrant, col(RewardGrant.reward_id) == col(Reward.id))
        .where(RewardGrant.passholder_ref == ref)
        .order_by(col(Reward.id).desc())
    )
    return look_at(session, ref, list(session.exec(query)), now, giver=giver)


def look_at(
    session: Session,
    ref: int,
    rewards: Sequence[Reward],
    now: datetime,
    *,
    giver: Giver | None = None,
    card: Card | None = None,
) -> list[OwnReward]:
    """Return what rewards are to somebody. card: the one he shows; None: any of his will do."""
    if not rewards:
        return []
    offers, counters = offers_of(session, rewards), counters_of(session, rewards)
    person = _Person(session, ref, rewards, now, card)
    found = []
    for reward in rewards:
        id_ = reward.id or 0
        is_here = giver is None or gives_here(giver, offers[id_], counters[id_])
        verdict = welcome_verdict(person.facts(reward, offers[id_], is_here=is_here), now)
        found.append(OwnReward(reward, verdict, counters[id_], person.taken.get(id_)))
    return found


def redeem(
    session: Session, reward: Reward, ref: int, giver: Giver, now: datetime, *, card: Card | None = None
) -> RewardRedemption:
    """Hand a welcome reward to somebody; of two counters that do so at once, one does.

    Raises:
        RewardRefusedError: it cannot be.
    """
    # Locked: the second counter finds it handed out.
    session.get(RewardGrant, (ref, reward.id), with_for_update=True)
    (own,) = look_at(session, ref, [reward], now, giver=giver, card=card)
    if own.verdict is not RewardVerdict.POSSIBLE:
        raise RewardRefusedError(own.verdict)
    made = RewardRedemption(
        reward_id=reward.id or 0,
        passholder_ref=ref,
        at=now,
        counter_id=giver.counter_id,
        staff_id=giver.staff_id,
    )
    session.add(made)
    session.flush()
    _note(session, "redeem-reward", made, reward, giver)
    return made


def take_back(session: Session, redemption: RewardRedemption, giver: Giver) -> bool:
    """Take back what was handed out: it is as if it never was, but for the trail (rules 9.9).

    False when somebody else just did.
    """
    gone = delete(RewardRedemption).where(col(RewardRedemption.id) == redemption.id)
    if session.execute(gone).rowcount != 1:  # type: ignore[attr-defined]
        return False
    _note(session, "cancel-reward", redemption, session.get_one(Reward, redemption.reward_id), giver)
    return True


def counters_of(session: Session, rewards: Collection[Reward]) -> dict[int, list[Counter]]:
    """Return id -> the counters that hand a reward out, by name; none: every counter."""
    ids = [one.id or 0 for one in rewards]
    query = (
        select(RewardCounter.reward_id, Counter)
        .join(Counter, col(Counter.id) == col(RewardCounter.counter_id))
        .where(col(RewardCounter.reward_id).in_(ids))
        .order_by(col(Counter.name))
    )
    links = session.exec(query).all()
    return {id_: [counter for reward, counter in links if reward == id_] for id_ in ids}


def giver_at(session: Session, counter_id: int, staff_id: int) -> Giver:
    """Return a counter with somebody of its staff, where its rights let it hand rewards out."""
    rights = rights_of(session, counter_id)
    systems = frozenset(system for system, own in rights.items() if CounterRight.GIVE_REWARDS in own)
    return Giver(counter_id, systems, staff_id)


def gives_here(giver: Giver, offer: WelcomeOffer, counters: Sequence[Counter]) -> bool:
    """Tell whether this reward is handed out here. counters: those that do; none: all."""
    is_one = not counters or giver.counter_id in {counter.id for counter in counters}
    return is_one and bool(giver.systems & offer.systems if offer.systems else giver.systems)


class _Person:
    """What is known of somebody, for any of several rewards: in as many statements as for one."""

    def __init__(
        self, session: Session, ref: int, rewards: Sequence[Reward], now: datetime, card: Card | None
    ) -> None:
        ids = [one.id or 0 for one in rewards]
        granted = select(RewardGrant.reward_id).where(
            RewardGrant.passholder_ref == ref, col(RewardGrant.reward_id).in_(ids)
        )
        taken = select(RewardRedemption).where(
            RewardRedemption.passholder_ref == ref, col(RewardRedemption.reward_id).in_(ids)
        )
        self.granted = frozenset(session.exec(granted))
        self.taken = {one.reward_id: one for one in session.exec(taken)}
        self.members = _members(session, ref, now)
        self.has_card = _has_card(session, ref) if card is None else card.state == CardState.ACTIVE.name
        off = select(RewardRules.card_system_id).where(col(RewardRules.hands_out).is_(False))
        self.off = frozenset(session.exec(off))

    def facts(self, reward: Reward, offer: WelcomeOffer, *, is_here: bool) -> WelcomeFacts:
        return WelcomeFacts(
            self.has_card,
            self.members,
            offer,
            Period(reward.redeem_begin, reward.redeem_end),
            self.off,
            reward.id in self.granted,
            reward.id in self.taken,
            is_here,
        )


def _members(session: Session, ref: int, now: datetime) -> Mapping[int, MemberState]:
    today = local_day(now)
    own = session.exec(select(Membership).where(Membership.passholder_ref == ref))
    return {one.card_system_id: _state(one, today) for one in own}


def _state(membership: Membership, today: date) -> MemberState:
    if membership.status != MembershipStatus.ACTIVE:
        return MemberState.BLOCKED
    return MemberState.ACTIVE if is_active(membership, today) else MemberState.EXPIRED


def _has_card(session: Session, ref: int) -> bool:
    own = select(Card.uitpas_number).where(Card.passholder_ref == ref, Card.state == CardState.ACTIVE.name)
    return session.exec(own.limit(1)).first() is not None


def _note(session: Session, action: str, redemption: RewardRedemption, reward: Reward, giver: Giver) -> None:
    detail: dict[str, object] = {"reward": reward.id, "title": reward.title}
    if giver.client:
        detail["client"] = giver.client
    record(
        session,
        action,
        "passholder",
        redemption.passholder_ref,
        staff_id=giver.staff_id,
        counter_id=giver.counter_id,
        detail=detail,
    )
