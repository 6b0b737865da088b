"""Counters that run out of cards: the KSB gets a mail, and another one later (rules 6.9g)."""

from __future__ import annotations

from typing import Final

from sqlmodel import Session, col, select

from server.cards.counts import CounterStock, stock_at
from server.cards.models import StockLevel
from server.cardsystems.models import CardSystem
from server.counters.models import Counter
from server.kernel.audit import record
from server.kernel.outbox import put_mail
from server.staff.models import Staff, StaffRole
from server.staff.roles import Role
from server.web.i18n import SOURCE, Translator, translator
from shared.domain.cardchecks import judge_stock

LOW: Final = 25
LOWEST: Final = 10
MOST: Final = 100_000
"""What a level can be."""
_ALL_TOLD: Final = 2

_Key = tuple[int, int, bool]


def watch_stock(session: Session, system: int, counter_id: int, *, social_tariff: bool) -> None:
    """Watch a counter's cards from now on, if nobody does; the first ones have yet to arrive."""
    key = (system, counter_id, social_tariff)
    if session.get(StockLevel, key) is None:
        session.add(first_level(*key))
        session.flush()


def first_level(system: int, counter_id: int, social_tariff: bool) -> StockLevel:  # noqa: FBT001 - a key
    """Return when the KSB is told of a counter's cards as long as nobody chose it; kept nowhere yet."""
    return StockLevel(
        card_system_id=system,
        counter_id=counter_id,
        social_tariff=social_tariff,
        low=LOW,
        lowest=LOWEST,
        # There is nothing to tell before there has been enough.
        told=_ALL_TOLD,
    )


def levels_of(session: Session, system: int) -> dict[tuple[int, bool], StockLevel]:
    """Return (counter, for holders with the kansentarief) -> when the KSB is told."""
    found = session.exec(select(StockLevel).where(StockLevel.card_system_id == system))
    return {(one.counter_id, one.social_tariff): one for one in found}


def set_level(session: Session, level: StockLevel, low: int, lowest: int, *, staff_id: int) -> bool:
    """Change when the KSB is told; False when nothing is different."""
    if (level.low, level.lowest) == (low, lowest):
        return False
    detail = {
        "before": {"low": level.low, "lowest": level.lowest},
        "after": {"low": low, "lowest": lowest},
    }
    level.low, level.lowest = low, lowest
    record(session, "set-stock-level", "counter", level.counter_id, staff_id=staff_id, detail=detail)
    return True


def warn_of_low_stock(session: Session, now: int, address: str) -> int:
    """Write a mail to the KSBs of each stock that fell to a level; return how many mails.

    Cards that came to a counter in another way than in a package are watched from now on too.
    now: milliseconds UTC. address: scheme and host of the links.
    """
    stocks: dict[_Key, CounterStock] = {
        (one.card_system_id, one.counter_id, one.social_tariff): one for one in stock_at(session)
    }
    watched = set(
        session.exec(select(StockLevel.card_system_id, StockLevel.counter_id, StockLevel.social_tariff))
    )
    session.add_all(first_level(*key) for key in sorted(stocks.keys() - watched))
    session.flush()
    mails = 0
    for level in session.exec(select(StockLevel).with_for_update()):
        key = (level.card_system_id, level.counter_id, level.social_tariff)
        stock = stocks.get(key, CounterStock(key[1], key[0], key[2], 0, 0))
        warning = judge_stock(stock.in_stock, level.low, level.lowest, level.told)
        if warning.told != level.told:
            level.told = warning.told
        if warning.is_due:
            mails += _write(session, stock, warning.told, now, address)
    return mails


def _write(session: Session, stock: CounterStock, told: int, now: int, address: str) -> int:
    _ = translator(SOURCE)
    counter = session.get_one(Counter, stock.counter_id)
    system = session.get_one(CardSystem, stock.card_system_id)
    subject = (
        _("Bijna geen kaarten meer: {counter}", counter=counter.name)
        if told == _ALL_TOLD
        else _("Kaarten raken op: {counter}", counter=counter.name)
    )
    recipients = _addresses(session, stock.card_system_id)
    for recipient in recipients:
        body = _body(_, stock, counter.name, system.name, address)
        put_mail(session, recipient, subject, body, kind="stock", now=now)
    return len(recipients)


def _body(_: Translator, stock: CounterStock, counter: str, system: str, address: str) -> str:
    kind = _("met kansentarief") if stock.social_tariff else _("zonder kansentarief")
    left = _.plural("nog {n} kaart {kind}", "nog {n} kaarten {kind}", stock.in_stock, kind=kind)
    way = _.plural("{n} kaart", "{n} kaarten", stock.on_the_way)
    lines = (
        _("{counter} heeft {left} van {system}.", counter=counter, left=left, system=system),
        _("Onderweg: {cards}.", cards=way),
        _("Stuur een pak: {address}", address=f"{address}/dashboard/kaarten/{stock.card_system_id}/pakken"),
        _(
            "Vanaf wanneer je dit hoort, kies je hier: {address}",
            address=f"{address}/dashboard/kaarten/{stock.card_system_id}/balies",
        ),
    )
    return "\n\n".join(lines) + "\n"


def _addresses(session: Session, system: int) -> list[str]:
    query = (
        select(Staff.email)
        .join(StaffRole, col(StaffRole.staff_id) == col(Staff.id))
        .where(StaffRole.role == Role.KSB, StaffRole.card_system_id == system, col(Staff.email).is_not(None))
        .distinct()
    )
    return sorted(address for address in session.exec(query) if address)
