"""The supplier's cards into stock: the whole list or its good lines, set by set (rules 6.8, 6.9)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import select, text
from sqlmodel import Session, col

from server.cards.models import CardKind
from server.cards.supplier import BadLine, Fault, ListedCard, SupplierList
from server.cardsystems.models import CardSystem
from server.feed.changes import cards_changed
from server.kernel.audit import record
from server.kernel.bulk import Bulk, Statement
from server.kernel.database import database_of
from shared.domain.checkin import CardState

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
_CREATE: Final = Statement(
    """
    INSERT INTO card (uitpas_number, chip_number, card_system_id, state, group_pass, kind)
    SELECT uitpas_number, chip_number, :system, :state, false, :kind FROM {rows}
    """,
    chip_number="text",
    uitpas_number="text",
)
_COMPLETE: Final = Statement(
    """
    UPDATE card SET chip_number = rows.chip_number, state = :state
    FROM {rows} WHERE card.uitpas_number = rows.uitpas_number
    """,
    chip_number="text",
    uitpas_number="text",
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


def import_stock(
    session: Session,
    system: int,
    lines: Iterable[bytes],
    *,
    only_good: bool = False,
    staff_id: int | None = None,
) -> StockReport:
    """Bring the supplier's list of one card system into stock; all of it or nothing, unless `only_good`.

    Raises:
        UnknownCardSystemError: there is no such card system.
    """
    listed = SupplierList(system, _prefix_owners(session, system))
    report = StockReport()
    good: list[ListedCard] = []
    for outcome in listed.read(lines):
        if isinstance(outcome, BadLine):
            report.bad.append(outcome)
        else:
            good.append(outcome)
    if _write(session, system, good, report, only_good=only_good):
        counts = {"created": report.created, "completed": report.completed, "bad": len(report.bad)}
        record(session, "import-cards", "card_system", system, staff_id=staff_id, detail=counts)
    report.bad.sort(key=lambda bad: bad.line)
    return report


def _prefix_owners(session: Session, system: int) -> dict[str, int]:
    found = session.execute(select(col(CardSystem.id), col(CardSystem.prefixes))).all()
    if system not in {row.id for row in found}:
        raise UnknownCardSystemError(f"There is no card system {system}.")
    return {prefix: row.id for row in found for prefix in row.prefixes}


def lock_stock(session: Session) -> None:
    """Have no other transaction make or complete cards until this one ends."""
    if database_of(session).is_postgresql:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _STOCK_LOCK})


@dataclass(slots=True)
class _Intake:
    """Sorts good lines by what the database already holds of their number and chip."""

    system: int
    report: StockReport
    fresh: list[ListedCard] = field(default_factory=list)
    completing: list[ListedCard] = field(default_factory=list)

    def judge(self, batch: Sequence[ListedCard], found: Sequence[_Card]) -> None:
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
        intake.judge(batch, [_Card(*row) for row in bulk.run(_FIND, rows=_pairs(batch))])
    report.created, report.completed = len(intake.fresh), len(intake.completing)
    if report.bad and not only_good:
        report.written = False
        return False
    stock = {"state": CardState.STOCK.name}
    for batch in _batches(intake.fresh):
        bulk.run(_CREATE, stock | {"system": system, "kind": CardKind.CARD.value}, _pairs(batch))
    for batch in _batches(intake.completing):
        bulk.run(_COMPLETE, stock, _pairs(batch))
    for batch in _batches([*intake.fresh, *intake.completing], _KEYS_PER_CHANGE):
        cards_changed(session, [card.uitpas_number for card in batch])
    return True


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


def _pairs(cards: Iterable[ListedCard]) -> list[tuple[str, str]]:
    return [(card.chip_number, card.uitpas_number) for card in cards]


def _batches(cards: Sequence[ListedCard], size: int = _BATCH) -> Iterator[Sequence[ListedCard]]:
    return (cards[start : start + size] for start in range(0, len(cards), size))
