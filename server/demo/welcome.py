"""The welcome rewards of the demo: those of the public test set (json-api 9), and one that runs out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from server.cards.models import Card
from server.counters.models import Counter
from server.demo.cards import GENT
from server.demo.documents import THEATRE
from server.rewards.models import Reward, RewardCounter, RewardGrant, RewardSystem
from shared.domain.zones import end_of_day, local_day, start_of_day

MIRA: Final = "0900000095902"
"""The card of who was given them."""


class DemoReward(NamedTuple):
    """A welcome reward of Gent. days: from and until when it is granted and handed out, from today on."""

    number: int
    title: str
    description: str
    practical_info: str = ""
    units: int | None = None
    days: tuple[int, int] = (-60, 300)
    counter: str = ""


REWARDS: Final = (
    DemoReward(
        5688,
        "Gratis tas koffie",
        "Een tas koffie of thee in het theatercafé.",
        "Elke dag dat er een voorstelling is, een uur vooraf.",
        counter=THEATRE.name,
    ),
    DemoReward(5826, "Gratis zomerconcert", "Een ticket voor een concert in het park.", days=(-200, -100)),
    DemoReward(5827, "Gratis zwembeurt", "Eén keer zwemmen in een zwembad van de stad.", units=200),
)


def add_rewards(session: Session, now: datetime) -> None:
    """Add the welcome rewards that are not there; Mira was given those of now."""
    card, today = session.get_one(Card, MIRA), local_day(now)
    for wanted in REWARDS:
        if session.get(Reward, wanted.number) is not None:
            continue
        begin, end = (today + timedelta(days=days) for days in wanted.days)
        reward = Reward(
            id=wanted.number,
            card_system_id=GENT,
            title=wanted.title,
            description=wanted.description,
            practical_info=wanted.practical_info,
            units=wanted.units,
            granting_begin=start_of_day(begin),
            granting_end=end_of_day(end) - timedelta(seconds=1),
            redeem_begin=start_of_day(begin),
            redeem_end=end_of_day(end) - timedelta(seconds=1),
            publication_begin=start_of_day(begin),
            made_at=now,
        )
        session.add(reward)
        session.flush()
        session.add(RewardSystem(reward_id=wanted.number, card_system_id=GENT))
        if wanted.counter:
            counter = session.exec(select(Counter.id).where(col(Counter.name) == wanted.counter)).one()
            session.add(RewardCounter(reward_id=wanted.number, counter_id=counter or 0))
        if end >= today:
            reward.units_taken = 1
            session.add(RewardGrant(passholder_ref=card.passholder_ref or 0, reward_id=wanted.number, at=now))
