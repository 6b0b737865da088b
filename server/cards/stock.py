"""The supplier's cards into stock: the whole list or its good lines, set by set (rules 6.8, 6.9)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, NamedTuple

from sqlalchemy import select, text
from sqlmodel import Session, col

from server.cards.models import CardKind, CardOrder
from server.cards.supplier import BadLine, Fault, ListedCard, OrderedRange, SupplierList
from server.cardsystems.models import CardSystem
from server.feed.changes import cards_changed
from server.kernel.audit import record
from server.kernel.bulk import Bulk, Insertion, Statement
from server.kernel.database import Database, database_of
from shared.domain.checkin import CardState
from shared.domain.numbers import make_uitpas_number
from shared.domain.packages import place_of

_BATCH: Final = 10_000
_KEYS_PER_CHANGE: Final = 1_000
_STOCK_LOCK: Final = 0x73746F636B  # "stock"

_FIND: Final = Statement(
    """
    SELECT card.uitpas_number, card.chip_number, card.card_system_id, card.state
    FROM {rows} JOIN card ON card.uitpas_number = rows.uitpas_number
    UNION
    SELECT card.uitpas_number, card.chip_number, card.card_system_id, card.state
    FROM {rows} JOIN card ON card.chip_number = rows.chip_number
    """,
    chip_number="text",
    uitpas_number="text",
)
_PACK: Final = Statement(
    "INSERT INTO card_package (card_system_id, social_tariff, first, state)"
    " SELECT :system, social_tariff <> 0, first, 'STOCK' FROM {rows} WHERE true ON CONFLICT DO NOTHING",
    social_tariff="int",
    first="bigint",
)
# Both kinds are named, so that the index on (card system, kind, first) is used up to its end.
_PACKAGES: Final = Statement(
    "SELECT id, social_tariff, first FROM card_package WHERE card_system_id = :system"
    " AND social_tariff IN (false, true) AND first IN (SELECT first FROM {rows})",
    first="bigint",
)
_CREATE: Final = Insertion(
    "card",
    uitpas_number="text",
    chip_number="text",
    card_system_id="int",
    state="text",
    group_pass="boolean",  # noqa: S106 - a column's type
    kind="text",
    package_id="int",
)
_COMPLETE: Final = Statement(
    """
    UPDATE card SET chip_number = rows.chip_number, state = :state, package_id = rows.package_id
    FROM {rows} WHERE card.uitpas_number = rows.uitpas_number
    """,
    chip_number="text",
    uitpas_number="text",
    package_id="int",
)
# A line that is corrected later: its package may have left already, and the card is in it.
_FOLLOW: Final = Statement(
    """
    UPDATE card SET state = p.state, counter_id = p.counter_id FROM card_package p
    WHERE card.package_id = p.id AND card.state = 'STOCK' AND p.state <> 'STOCK'
    AND p.id IN (SELECT id FROM {rows})
    """,
    id="int",
)


class UnknownCardSystemError(LookupError):
    """There is no card system with this id."""


class _Card(NamedTuple):
    uitpas_number: str
    chip_number: str | None
    card_system_id: int
    state: str


@dataclass(slots=True)
class StockReport:
    """What became of a list.

    created: cards that were new. completed: numbers that were generated earlier and now have their chip.
    known: lines that say what is in the database already. bad: lines that are not used, in order.
    written: false when a bad line held back the whole list.
    """

    created: int = 0
    completed: int = 0
    known: int = 0
    bad: list[BadLine] = field(default_factory=list)
    written: bool = True


@dataclass(slots=True)
class ReadList:
    """A list as it was read, before anything of it is compared with the cards there are."""

    good: list[ListedCard] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


def import_stock(
    database: Database,
    system: int,
    lines: Iterable[bytes],
    *,
    only_good: bool = False,
    staff_id: int | None = None,
) -> StockReport:
    """Bring the supplier's list of one card system into stock; all of it or nothing, unless `only_good`.

    Reading it holds up nobody: the one transaction that writes begins when everything is read.

    Raises:
        UnknownCardSystemError: there is no such card system.
    """
    with database.reading() as session:
        rules = list_rules(session, system)
    read = read_list(rules, lines)
    with database.writing() as session:
        return store_list(session, system, read, only_good=only_good, staff_id=staff_id)


def list_rules(session: Session, system: int) -> SupplierList:
    """Return what is needed to read a list of a card system.

    Raises:
        UnknownCardSystemError: there is no such card system.
    """
    found = session.execute(select(col(CardSystem.id), col(CardSystem.prefixes))).all()
    if system not in {row.id for row in found}:
        raise UnknownCardSystemError(f"There is no card system {system}.")
    orders = session.scalars(select(CardOrder).where(col(CardOrder.card_system_id) == system))
    ordered = sorted(map(_range_of, orders))
    return SupplierList(system, {prefix: row.id for row in found for prefix in row.prefixes}, ordered)


def read_list(
    rules: SupplierList,
    lines: Iterable[bytes],
    *,
    progress: Callable[[int], None] = lambda _: None,
    every: int = _BATCH,
) -> ReadList:
    """Read a list; `progress` is told the number of lines read, each time `every` more are."""
    read, outcomes, count = ReadList(), rules.read(lines), 0
    while batch := list(islice(outcomes, every)):
        read.good += [one for one in batch if isinstance(one, ListedCard)]
        read.bad += [one for one in batch if isinstance(one, BadLine)]
        count += len(batch)
        progress(count)
    return read


def store_list(
    session: Session, system: int, read: ReadList, *, only_good: bool, staff_id: int | None
) -> StockReport:
    """Write what was read; nothing when a line is bad, unless `only_good`."""
    report = StockReport(bad=list(read.bad))
    if _write(session, system, read.good, report, only_good=only_good):
        counts = {"created": report.created, "completed": report.completed, "bad": len(report.bad)}
        record(session, "import-cards", "card_system", system, staff_id=staff_id, detail=counts)
    report.bad.sort(key=lambda bad: bad.line)
    return report


def lock_stock(session: Session) -> None:
    """Have no other transaction make or complete cards until this one ends."""
    if database_of(session).is_postgresql:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _STOCK_LOCK})


def _range_of(order: CardOrder) -> OrderedRange:
    first = make_uitpas_number(order.prefix, order.first_serial, social_tariff=order.social_tariff)
    start = place_of(first)
    return OrderedRange(start, start + order.count, order.social_tariff)


@dataclass(slots=True)
class _Intake:
    """Sorts good lines by what the database already holds of their number and chip."""

    system: int
    report: StockReport
    fresh: list[ListedCard] = field(default_factory=list)
    completing: list[ListedCard] = field(default_factory=list)

    def judge(self, batch: Sequence[ListedCard], found: Sequence[_Card]) -> None:
        if not found:
            self.fresh += batch
            return
        by_number = {card.uitpas_number: card for card in found}
        by_chip = {card.chip_number: card for card in found if card.chip_number is not None}
        for line in batch:
            numbered, chipped = by_number.get(line.uitpas_number), by_chip.get(line.chip_number)
            if numbered is None and chipped is None:
                self.fresh.append(line)
            elif numbered is not None and numbered is chipped and numbered.card_system_id == self.system:
                self.report.known += 1
            elif bad := _clash(line, self.system, numbered, chipped):
                self.report.bad.append(bad)
            else:
                self.completing.append(line)


def _write(
    session: Session, system: int, good: Sequence[ListedCard], report: StockReport, *, only_good: bool
) -> bool:
    """Write the good lines; False when a bad one holds back the whole list."""
    # What is judged here must still hold when it is written.
    lock_stock(session)
    bulk = Bulk(session)
    intake = _Intake(system, report)
    for batch in _batches(good):
        pairs = [(card.chip_number, card.uitpas_number) for card in batch]
        intake.judge(batch, [_Card(*row) for row in bulk.run(_FIND, rows=pairs)])
    report.created, report.completed = len(intake.fresh), len(intake.completing)
    if report.bad and not only_good:
        report.written = False
        return False
    stock = CardState.STOCK.name
    for batch in _batches(intake.fresh):
        ids = _packages(bulk, system, batch)
        kind = CardKind.CARD.value
        bulk.run(
            _CREATE,
            rows=[
                (one.uitpas_number, one.chip_number, system, stock, False, kind, ids[_package_key(one)])
                for one in batch
            ],
        )
        bulk.run(_FOLLOW, rows=sorted({(id_,) for id_ in ids.values()}))
    for batch in _batches(intake.completing):
        ids = _packages(bulk, system, batch)
        rows = [(one.chip_number, one.uitpas_number, ids[_package_key(one)]) for one in batch]
        bulk.run(_COMPLETE, {"state": stock}, rows)
        bulk.run(_FOLLOW, rows=sorted({(id_,) for id_ in ids.values()}))
    for batch in _batches([*intake.fresh, *intake.completing], _KEYS_PER_CHANGE):
        cards_changed(session, [card.uitpas_number for card in batch])
    return True


def _packages(bulk: Bulk, system: int, batch: Sequence[ListedCard]) -> dict[tuple[int, int], int]:
    """Return the ids of the packages of these cards, made when they were not there; see `_package_key`."""
    keys = sorted(set(map(_package_key, batch)))
    bulk.run(_PACK, {"system": system}, keys)
    found = bulk.run(_PACKAGES, {"system": system}, sorted({(first,) for _, first in keys}))
    return {(int(social), int(first)): id_ for id_, social, first in found}


def _package_key(card: ListedCard) -> tuple[int, int]:
    return int(card.social_tariff), card.package


def _clash(line: ListedCard, system: int, numbered: _Card | None, chipped: _Card | None) -> BadLine | None:
    """Return why a line cannot be used, or None when its number was waiting for a chip (rules 6.8)."""
    as_written = f'"{line.chip_number}";"{line.uitpas_number}"'
    if numbered is not None and numbered.card_system_id != system:
        sentence = f"This number belongs to card system {numbered.card_system_id}."
        return BadLine(line.line, Fault.OTHER_SYSTEM, sentence, as_written)
    if chipped is not None:
        sentence = f"This chip is already that of card {chipped.uitpas_number}."
        return BadLine(line.line, Fault.CHIP_TAKEN, sentence, as_written)
    if numbered is not None and numbered.chip_number is not None:
        sentence = f"Card {numbered.uitpas_number} already has chip {numbered.chip_number}."
        return BadLine(line.line, Fault.NUMBER_TAKEN, sentence, as_written)
    if numbered is not None and numbered.state != CardState.PROVISIONED.name:
        sentence = f"Card {numbered.uitpas_number} no longer waits for a chip: it is {numbered.state}."
        return BadLine(line.line, Fault.NUMBER_TAKEN, sentence, as_written)
    return None


def _batches(cards: Sequence[ListedCard], size: int = _BATCH) -> Iterator[Sequence[ListedCard]]:
    return (cards[start : start + size] for start in range(0, len(cards), size))
