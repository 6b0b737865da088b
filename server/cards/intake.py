"""Supplier's lists that are taken in beside the page that sent them: with progress, by whichever process.

A list is kept as it came. Whoever claims it reads it without holding up anybody, then writes all of
it in one transaction with its report. A process that dies leaves nothing half done: the claim ends
and the list is taken in again.
"""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sqlmodel import Session, col, select

from server.cards.models import CardIntake, CardIntakeLine
from server.cards.stock import ReadList, StockReport, list_rules, read_list, store_list
from server.cards.supplier import Fault, lines_of
from server.kernel.bulk import Bulk, Insertion
from server.kernel.claiming import claim, keep, nobodys
from server.kernel.database import Database

PAGE: Final = 100
"""Bad lines on one page."""
INTAKES: Final = 10
"""Lists on one page."""
_EVERY: Final = 5_000
_LINES: Final = Insertion("card_intake_line", intake_id="int", line="int", fault="text", text="text")


class IntakeState(StrEnum):
    """How far a list is. REFUSED: a bad line held back all of it."""

    WAITING = "waiting"
    READING = "reading"
    STORING = "storing"
    DONE = "done"
    REFUSED = "refused"


BUSY: Final = (IntakeState.WAITING, IntakeState.READING, IntakeState.STORING)


def put_list(
    session: Session, system: int, name: str, content: bytes, *, only_good: bool, staff_id: int
) -> int:
    """Keep a list that is to be taken in; return its id."""
    intake = CardIntake(
        card_system_id=system,
        staff_id=staff_id,
        name=name.replace("\0", "")[:200],
        content=zlib.compress(content),
        only_good=only_good,
        made_at=datetime.now(UTC),
        state=IntakeState.WAITING,
        lines=len(lines_of(content)),
    )
    session.add(intake)
    session.flush()
    return intake.id or 0


def take_in(database: Database, intake_id: int) -> bool:
    """Take a list in; False when another process does, or did."""
    if not claim(database, CardIntake, intake_id, BUSY, state=IntakeState.READING, read=0):
        return False
    with database.reading() as session:
        intake = session.get_one(CardIntake, intake_id)
        rules = list_rules(session, intake.card_system_id)
    lines = lines_of(zlib.decompress(intake.content))
    read = read_list(
        rules, lines, progress=lambda count: _note(database, intake_id, read=count), every=_EVERY
    )
    _note(database, intake_id, state=IntakeState.STORING.value, read=len(lines))
    with database.writing() as session:
        return _store(session, intake_id, read)


def take_in_waiting(database: Database) -> None:
    """Take in the lists that nobody works at."""
    with database.reading() as session:
        waiting = nobodys(session, CardIntake, BUSY)
    for intake_id in waiting:
        take_in(database, intake_id)


def intakes_of(session: Session, system: int, *, older_than: int | None = None) -> list[CardIntake]:
    """Return at most `INTAKES` lists of a card system, the newest first; `older_than` is an id."""
    query = select(CardIntake).where(CardIntake.card_system_id == system)
    if older_than is not None:
        query = query.where(col(CardIntake.id) < older_than)
    return list(session.exec(query.order_by(col(CardIntake.id).desc()).limit(INTAKES)))


def bad_lines(session: Session, intake_id: int, *, after: int = 0) -> list[CardIntakeLine]:
    """Return at most `PAGE` lines that were not used, those after a line."""
    query = select(CardIntakeLine).where(
        CardIntakeLine.intake_id == intake_id, col(CardIntakeLine.line) > after
    )
    return list(session.exec(query.order_by(col(CardIntakeLine.line)).limit(PAGE)))


def report_file(session: Session, intake: CardIntake, words: Mapping[Fault, str], good: str) -> Iterator[str]:
    """Yield a CSV of every line of a list: its number, the line, and `good` or why it was not used."""
    query = select(CardIntakeLine).where(CardIntakeLine.intake_id == intake.id)
    bad = {one.line: Fault(one.fault) for one in session.exec(query)}
    for number, raw in enumerate(lines_of(zlib.decompress(intake.content)), start=1):
        if not raw.strip():
            continue
        row = io.StringIO()
        said = words[bad[number]] if number in bad else good
        csv.writer(row, delimiter=";").writerow([number, raw.decode("utf-8", "replace").strip(), said])
        yield row.getvalue()


def _note(database: Database, intake_id: int, **values: object) -> None:
    """Say how far a list is, and keep it."""
    with database.writing() as session:
        keep(session, CardIntake, intake_id, **values)


def _store(session: Session, intake_id: int, read: ReadList) -> bool:
    # Locked: of two that both think they have it, the second finds it done.
    intake = session.exec(select(CardIntake).where(CardIntake.id == intake_id).with_for_update()).one()
    if intake.state not in BUSY:
        return False
    report = store_list(
        session, intake.card_system_id, read, only_good=intake.only_good, staff_id=intake.staff_id
    )
    intake.state = IntakeState.DONE if report.written else IntakeState.REFUSED
    intake.created, intake.completed, intake.known = report.created, report.completed, report.known
    intake.bad, intake.claimed = len(report.bad), None
    session.flush()
    _keep_bad(session, intake_id, report)
    return True


def _keep_bad(session: Session, intake_id: int, report: StockReport) -> None:
    # PostgreSQL's text holds no zero bytes.
    rows = [(intake_id, bad.line, bad.fault.value, bad.text.replace("\0", "")) for bad in report.bad]
    if rows:
        Bulk(session).run(_LINES, rows=rows)
