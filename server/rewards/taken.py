"""The welcome rewards that were handed out: for the KSB, and as a file (rules 9.3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple

from sqlmodel import Session, col, func, select

from server.counters.models import Counter
from server.kernel.database import Database
from server.kernel.spreadsheets import MARK, row_text
from server.passholders.models import Passholder
from server.rewards.models import Reward, RewardRedemption
from server.web.i18n import Translator
from shared.domain.zones import BRUSSELS, end_of_day, start_of_day

PAGE: Final = 50
_AT_ONCE: Final = 1_000


@dataclass(frozen=True)
class Wanted:
    """What to look for among the rewards of a card system. None: anything. first, last: Brussels days.

    before: the id of the oldest that was seen.
    """

    system: int
    reward: int | None = None
    counter: int | None = None
    first: date | None = None
    last: date | None = None
    before: int | None = None


class Taken(NamedTuple):
    """A reward that was handed out: to whom, and at which counter."""

    redemption: RewardRedemption
    reward: Reward
    holder: Passholder
    counter: Counter | None


def taken_rewards(session: Session, wanted: Wanted, *, most: int = PAGE) -> Sequence[Taken]:
    """Return what was handed out, the newest first."""
    query = (
        select(RewardRedemption, Reward, Passholder, Counter)
        .join(Reward, col(Reward.id) == col(RewardRedemption.reward_id))
        .join(Passholder, col(Passholder.ref) == col(RewardRedemption.passholder_ref))
        .outerjoin(Counter, col(Counter.id) == col(RewardRedemption.counter_id))
        .where(Reward.card_system_id == wanted.system)
    )
    if wanted.reward is not None:
        query = query.where(RewardRedemption.reward_id == wanted.reward)
    if wanted.counter is not None:
        query = query.where(RewardRedemption.counter_id == wanted.counter)
    if wanted.first is not None:
        query = query.where(col(RewardRedemption.at) >= start_of_day(wanted.first))
    if wanted.last is not None:
        query = query.where(col(RewardRedemption.at) < end_of_day(wanted.last))
    if wanted.before is not None:
        query = query.where(col(RewardRedemption.id) < wanted.before)
    found = session.exec(query.order_by(col(RewardRedemption.id).desc()).limit(most))
    return [Taken(*row) for row in found]


class WantedOf(NamedTuple):
    """What to look for among the rewards of one person. organizers: where; none: anywhere. title: a part."""

    ref: int
    organizers: tuple[str, ...] = ()
    title: str = ""


def redeemed_by(
    session: Session, wanted: WantedOf, *, start: int, most: int
) -> tuple[int, Sequence[tuple[RewardRedemption, Reward]]]:
    """Return how many rewards were handed to somebody, and part of them, the newest first."""
    query = (
        select(RewardRedemption, Reward)
        .join(Reward, col(Reward.id) == col(RewardRedemption.reward_id))
        .where(RewardRedemption.passholder_ref == wanted.ref)
    )
    if wanted.organizers:
        there = select(Counter.id).where(col(Counter.organizer_id).in_(wanted.organizers))
        query = query.where(col(RewardRedemption.counter_id).in_(there))
    if wanted.title:
        query = query.where(col(Reward.title).icontains(wanted.title, autoescape=True))
    total = session.exec(select(func.count()).select_from(query.subquery())).one()
    found = session.exec(query.order_by(col(RewardRedemption.id).desc()).offset(start).limit(most))
    return total, found.all()


def taken_file(database: Database, wanted: Wanted, _: Translator) -> Iterator[str]:
    """Yield a table of what was handed out, a thousand at a time: few are in memory at once."""
    yield MARK + row_text((_("Wanneer"), _("Voordeel"), _("Balie"), _("Naam"), _("Voornaam"), _("Postcode")))
    while True:
        with database.reading() as session:
            found = taken_rewards(session, wanted, most=_AT_ONCE)
        if not found:
            return
        yield "".join(row_text(_row(one)) for one in found)
        wanted = replace(wanted, before=found[-1].redemption.id)


def _row(one: Taken) -> list[str]:
    at = one.redemption.at.astimezone(BRUSSELS)
    counter = one.counter.name if one.counter else ""
    holder = one.holder
    return [
        at.strftime("%Y-%m-%d %H:%M"),
        one.reward.title,
        counter,
        holder.last_name,
        holder.first_name,
        holder.postcode,
    ]
