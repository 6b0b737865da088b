"""What a program writes about rewards: for which organiser, and what a message means (json-api 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session, col, select

from server.api.callers import Caller
from server.api.permissions import ApiPermission
from server.api.problems import ApiError, Prob, SchemaError
from server.cardsystems.messages import CardSystemMessage
from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.rewards.form import LINK, LONGEST_TEXT, LONGEST_TITLE
from server.rewards.granting import offers_of
from server.rewards.keeping import RewardFacts, facts_of
from server.rewards.messages import WELCOME, PeriodMessage, RewardMessage, period_of
from server.rewards.models import Reward
from server.rewards.redeeming import Giver, counters_of, gives_here
from shared.domain.rewards import Period

_WRITE = ApiPermission.REWARDS_WRITE


class Writing(NamedTuple):
    """For which card system a program writes a reward, and which counters it may say."""

    system: int
    counters: frozenset[int]


def writing_for(session: Session, caller: Caller, message: RewardMessage) -> Writing:
    """Return whose a new reward is: of the organisers it names, else of the first the program writes for.

    Raises:
        ApiError: 403, it may not write for one of them; 400, not in that card system.
    """
    caller.require(_WRITE)
    organizers = [one.id for one in message.organizers or ()] or sorted(caller.organizers(_WRITE))[:1]
    wanted = message.owning_card_system.id if message.owning_card_system else None
    for organizer in organizers:
        caller.require(_WRITE, organizer=organizer, system=wanted)
    systems = frozenset().union(*(caller.grants[organizer, _WRITE] for organizer in organizers))
    if not systems:
        raise ApiError(Prob.INVALID_CARD_SYSTEM, "The organizer is in no card system.")
    return Writing(wanted or min(systems), _counter_ids(session, organizers))


def require_writing(session: Session, caller: Caller, reward: Reward) -> None:
    """Go on only when a program may write for an organiser of a reward, in its card system.

    Raises:
        ApiError: 403, it may not.
    """
    own = [one.organizer_id for one in counters_of(session, [reward])[reward.id or 0]]
    may = any(caller.may(_WRITE, organizer=one, system=reward.card_system_id) for one in own)
    if not may:
        caller.require(
            _WRITE, system=None if own else reward.card_system_id, organizer=own[0] if own else None
        )


def facts_in(
    session: Session, message: RewardMessage, counters: frozenset[int], before: Reward | None = None
) -> RewardFacts:
    """Return the reward a message says. counters: where it is handed out. before: what is changed.

    Raises:
        ApiError: 400, says what is wrong with the body, or that a card system is not known.
    """
    wrong = _wrong(message)
    if wrong:
        raise ApiError(Prob.BODY_INVALID_DATA, schema_errors=wrong)
    return RewardFacts(
        title=" ".join(message.title.split()),
        description=message.promotional_description.strip(),
        publication=period_of(message.publication_period),
        practical_info=(message.practical_info or "").strip(),
        more_info_url=message.more_info_url or "",
        pictures=tuple(message.pictures or ()),
        granting=_kept(message.granting_period, before.granting_begin if before else None, before),
        redeem=_kept(message.redeem_period, before.redeem_begin if before else None, before),
        units=message.max_available_units,
        cities=facts_of(session, before).cities if before is not None else frozenset(),
        systems=_systems(session, message),
        counters=counters,
    )


def counters_in(session: Session, caller: Caller, message: RewardMessage, reward: Reward) -> frozenset[int]:
    """Return the counters of a reward that is changed: those the message names, else those there are.

    Raises:
        ApiError: 403, the program may not write for one of them.
    """
    present = counters_of(session, [reward])[reward.id or 0]
    if message.organizers is None:
        return frozenset(one.id or 0 for one in present)
    known = {one.organizer_id for one in present}
    for organizer in message.organizers:
        if organizer.id not in known:
            caller.require(_WRITE, organizer=organizer.id)
    return _counter_ids(session, [one.id for one in message.organizers])


def giver_for(session: Session, caller: Caller, reward: Reward) -> Giver | None:
    """Return a counter that a program may hand a reward out for, None when there is none."""
    permission = ApiPermission.REWARDS_REDEEM
    own = select(Counter).where(col(Counter.organizer_id).in_(caller.organizers(permission)))
    offer, counters = offers_of(session, [reward])[reward.id or 0], counters_of(session, [reward])
    for counter in session.exec(own.order_by(col(Counter.id))):
        systems = caller.grants[str(counter.organizer_id), permission]
        giver = Giver(counter.id or 0, systems, caller.staff_id, caller.client)
        if gives_here(giver, offer, counters[reward.id or 0]):
            return giver
    return None


def _kept(said: PeriodMessage | None, begin: datetime | None, before: Reward | None) -> Period:
    """Return a period. One without a begin is told to begin when the reward was made, and comes back so."""
    period = period_of(said)
    is_told = before is not None and begin is None and period.begin == before.made_at.replace(microsecond=0)
    return period._replace(begin=None) if is_told else period


def _systems(session: Session, message: RewardMessage) -> frozenset[int]:
    """Return the card systems a reward is for; none: all, unless some are named."""
    named: Sequence[CardSystemMessage] = message.applicable_card_systems or ()
    if message.all_card_systems or (message.all_card_systems is None and not named):
        return frozenset()
    wanted = frozenset(one.id for one in named)
    known = session.exec(select(CardSystem.id).where(col(CardSystem.id).in_(wanted))).all()
    if not wanted or wanted != set(known):
        raise ApiError(Prob.INVALID_CARD_SYSTEM)
    return wanted


def _counter_ids(session: Session, organizers: Sequence[str]) -> frozenset[int]:
    found = session.exec(select(Counter.id).where(col(Counter.organizer_id).in_(organizers)))
    return frozenset(one or 0 for one in found)


def _wrong(message: RewardMessage) -> list[SchemaError]:
    title = " ".join(message.title.split())
    texts = (message.promotional_description, message.practical_info or "")
    links = [*(message.pictures or ()), *([message.more_info_url] if message.more_info_url else [])]
    checks = (
        ("/type", message.type == WELCOME, "Only welcome rewards are kept here."),
        ("/title", 0 < len(title) <= LONGEST_TITLE, f"A title has 1 to {LONGEST_TITLE} characters."),
        ("/promotionalDescription", bool(texts[0].strip()), "Say what somebody gets."),
        ("/promotionalDescription", max(map(len, texts)) <= LONGEST_TEXT, "This is too long."),
        ("/pictures", all(LINK.fullmatch(one) for one in links), "This is no web address."),
        ("/publicationPeriod", _is_period(message), "A period ends after its begin."),
    )
    return [SchemaError(pointer, sentence) for pointer, is_fine, sentence in checks if not is_fine]


def _is_period(message: RewardMessage) -> bool:
    periods = (message.publication_period, message.granting_period, message.redeem_period)
    return all(one is None or one.end is None or one.begin <= one.end for one in periods)
