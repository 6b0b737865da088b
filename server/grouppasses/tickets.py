"""The tickets of group passes: so many a calendar year, whoever asks at the same time (rules 12.6, 12.9)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import update
from sqlmodel import Session, col, select

from server.cards.models import Card
from server.grouppasses.models import GroupPass, GroupPassUse, GroupPassYear
from server.kernel.audit import record
from server.kernel.bulk import Bulk, Statement
from shared.domain.checkin import CardState
from shared.domain.grouppasses import GroupPassFacts, GroupPassRefusal, ticket_refusal
from shared.domain.zones import local_day

PAGE: Final = 20
"""Uses on one page."""
_TAKE: Final = Statement(
    "INSERT INTO group_pass_year (pass_id, year, used)"
    " SELECT p.id, CAST(:year AS integer), CAST(:tickets AS integer) FROM group_pass p"
    " WHERE p.id = :pass AND p.tickets_per_year >= CAST(:tickets AS integer)"
    " ON CONFLICT (pass_id, year) DO UPDATE SET used = group_pass_year.used + excluded.used"
    " WHERE group_pass_year.used + excluded.used <= CAST(:limit AS integer)"
)
_GIVE_BACK: Final = Statement(
    "UPDATE group_pass_year SET used = used - CAST(:tickets AS integer)"
    " WHERE pass_id = :pass AND year = :year"
)


class TicketsRefusedError(Exception):
    """A group does not get the tickets; nothing was changed."""

    def __init__(self, reason: GroupPassRefusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Seller(NamedTuple):
    """Who gives tickets, at which counter."""

    counter_id: int | None = None
    staff_id: int | None = None


def facts_on(session: Session, group_pass: GroupPass, now: datetime) -> GroupPassFacts:
    """Return what a decision about a group pass needs."""
    (facts,) = all_facts(session, [group_pass], now).values()
    return facts


def all_facts(session: Session, passes: Collection[GroupPass], now: datetime) -> dict[str, GroupPassFacts]:
    """Return the same for several: id -> facts."""
    numbers = [one.uitpas_number for one in passes]
    states = dict(
        session.exec(select(Card.uitpas_number, Card.state).where(col(Card.uitpas_number).in_(numbers))).all()
    )
    year = select(GroupPassYear.pass_id, GroupPassYear.used).where(
        GroupPassYear.year == local_day(now).year, col(GroupPassYear.pass_id).in_([one.id for one in passes])
    )
    used = dict(session.exec(year).all())
    return {
        one.id: GroupPassFacts(
            CardState[states[one.uitpas_number]], one.tickets_per_year, one.tariff_end, used.get(one.id, 0)
        )
        for one in passes
    }


def use_tickets(
    session: Session, group_pass: GroupPass, tickets: int, now: datetime, seller: Seller
) -> GroupPassUse:
    """Give a group tickets at the kansentarief; of two that want the last ones, one gets them.

    Raises:
        TicketsRefusedError: it does not get so many.
    """
    refusal = ticket_refusal(facts_on(session, group_pass, now), tickets, local_day(now))
    if refusal is not None:
        raise TicketsRefusedError(refusal)
    asked = {
        "pass": group_pass.id,
        "year": local_day(now).year,
        "tickets": tickets,
        "limit": group_pass.tickets_per_year,
    }
    if Bulk(session).touch(_TAKE, asked) != 1:
        raise TicketsRefusedError(GroupPassRefusal.TOO_MANY)
    use = GroupPassUse(
        pass_id=group_pass.id,
        at=now,
        tickets=tickets,
        counter_id=seller.counter_id,
        staff_id=seller.staff_id,
    )
    session.add(use)
    session.flush()
    _note(session, "use-group-pass", group_pass.id, use, seller)
    return use


def give_back(session: Session, use: GroupPassUse, now: datetime, seller: Seller) -> bool:
    """Cancel a use: its tickets count no more; False when that was done already."""
    cancelled = (
        update(GroupPassUse)
        .where(col(GroupPassUse.id) == use.id, col(GroupPassUse.cancelled_at).is_(None))
        .values(cancelled_at=now)
    )
    if session.execute(cancelled).rowcount != 1:  # type: ignore[attr-defined]
        return False
    asked = {"pass": use.pass_id, "year": local_day(use.at).year, "tickets": use.tickets}
    Bulk(session).run(_GIVE_BACK, asked)
    _note(session, "cancel-group-pass-use", use.pass_id, use, seller)
    return True


def uses_of(
    session: Session, pass_id: str, *, counter_id: int | None = None, older_than: int | None = None
) -> list[GroupPassUse]:
    """Return at most `PAGE` uses of a group pass, the newest first; of one counter, or of all."""
    query = select(GroupPassUse).where(GroupPassUse.pass_id == pass_id)
    if counter_id is not None:
        query = query.where(GroupPassUse.counter_id == counter_id)
    if older_than is not None:
        query = query.where(col(GroupPassUse.id) < older_than)
    return list(session.exec(query.order_by(col(GroupPassUse.id).desc()).limit(PAGE)))


def _note(session: Session, action: str, pass_id: str, use: GroupPassUse, seller: Seller) -> None:
    record(
        session,
        action,
        "group_pass",
        pass_id,
        staff_id=seller.staff_id,
        counter_id=seller.counter_id,
        detail={"tickets": use.tickets},
    )
