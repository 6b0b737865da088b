"""The check-in decision, the same on zuil and server (rules 5.5, 5.6, 6.8, 7.1-7.11)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final, NamedTuple

from shared.domain.outcomes import Outcome
from shared.domain.periods import Limit, period_bounds
from shared.domain.windows import Window
from shared.domain.zones import local_day

GROUP_PASS_FLAG: Final = 16
_NEVER: Final = 0
_FOREVER: Final = 65_535
_DAY_ZERO: Final = date(2000, 1, 1)


class CardState(IntEnum):
    """The states of a card (rules 6.8), as the small numbers that travel to the zuilen."""

    PROVISIONED = 0
    STOCK = 1
    SENT_TO_BALIE = 2
    LOCAL_STOCK = 3
    ACTIVE = 4
    BLOCKED = 5
    DELETED = 6


_LOST: Final = {CardState.BLOCKED: Outcome.CARD_BLOCKED, CardState.DELETED: Outcome.CARD_DELETED}


class CardFacts(NamedTuple):
    """What a decision needs of a card and its holder.

    passholder: the holder's reference, None for a card that nobody has yet.
    active_until: the last Brussels day with an active membership in any card system, grace period
    included; `date.max` when one of them never ends, None when there is none.
    """

    state: CardState
    passholder: int | None
    group_pass: bool = False
    active_until: date | None = None


class EventFacts(NamedTuple):
    """What a decision needs of the event.

    window: the check-in window around now, None outside every window.
    opens_next: when the next window opens, None when there will be none.
    """

    id: str
    points: int
    limit: Limit | None
    window: Window | None
    opens_next: datetime | None = None


class Decision(NamedTuple):
    """What was decided, the points it gives, and what a message needs to say."""

    outcome: Outcome
    points: int = 0
    limit: Limit | None = None
    opens: datetime | None = None


def decide(
    card: CardFacts | None, event: EventFacts | None, earlier: Sequence[datetime], now: datetime
) -> Decision:
    """Decide one check-in at `now`; `earlier` are this pashouder's granted check-ins on this event.

    The card comes first, so that people hear of a problem with it wherever they tap. Points are
    global: any active membership allows saving on any event (rules 7.6).
    """
    refusal = _card_refusal(card, now)
    if refusal is not None:
        return Decision(refusal)
    if event is None:
        return Decision(Outcome.NO_EVENT)
    if event.window is None or now not in event.window:
        soon = event.opens_next
        return Decision(Outcome.ENDED) if soon is None else Decision(Outcome.TOO_EARLY, opens=soon)
    if event.limit is not None and _used_up(event.limit, earlier, now):
        return Decision(Outcome.MAXIMUM_REACHED, limit=event.limit)
    return Decision(Outcome.OK, event.points, event.limit)


def facts_from_row(passholder: int, state: int, active_until: int) -> CardFacts:
    """Return the facts of a row of the card feed (`shared.wire.cards.CardRow`)."""
    kind, group_pass = _unpack_state(state)
    return CardFacts(kind, passholder or None, group_pass, unpack_day(active_until))


def pack_facts(facts: CardFacts) -> tuple[int, int, int]:
    """Return (passholder, state, active_until) as they stand in a row of the card feed."""
    state = facts.state + GROUP_PASS_FLAG * facts.group_pass
    return facts.passholder or 0, state, pack_day(facts.active_until)


def pack_day(day: date | None) -> int:
    """Return a day as a number of days since 2000-01-01 between 1 and 65534; 0 is never, 65535 for ever."""
    if day is None:
        return _NEVER
    return _FOREVER if day == date.max else min(max((day - _DAY_ZERO).days, 1), _FOREVER - 1)


@lru_cache(maxsize=4_096)
def unpack_day(days: int) -> date | None:
    """Return the day that `pack_day` packed."""
    if days == _NEVER:
        return None
    return date.max if days == _FOREVER else _DAY_ZERO + timedelta(days=days)


@lru_cache
def _unpack_state(state: int) -> tuple[CardState, bool]:
    return CardState(state & ~GROUP_PASS_FLAG), bool(state & GROUP_PASS_FLAG)


def _card_refusal(card: CardFacts | None, now: datetime) -> Outcome | None:
    if card is None:
        return Outcome.UNKNOWN_CARD
    if card.state in _LOST:
        return _LOST[card.state]
    if card.group_pass:
        return Outcome.GROUP_PASS
    if card.state is not CardState.ACTIVE or card.passholder is None:
        return Outcome.CARD_NOT_IN_USE
    if card.active_until is None:
        return Outcome.NO_MEMBERSHIP
    return None if _is_active(card.active_until, now) else Outcome.SOCIAL_TARIFF_EXPIRED


def _is_active(until: date, now: datetime) -> bool:
    return until == date.max or until >= local_day(now)


def _used_up(limit: Limit, earlier: Sequence[datetime], now: datetime) -> bool:
    if len(earlier) < limit.volume:
        return False
    start, end = period_bounds(limit.period, now)
    return sum(start <= at < end for at in earlier) >= limit.volume
