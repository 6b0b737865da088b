"""Lists are looked at, then carried out: beside the page, piece by piece, by whichever process.

A piece is one transaction: its rows, with what became of each and how far the list is, or nothing. So a
process that dies leaves nothing half done, and another goes on with the next piece. Each row goes
through the same functions as somebody at the counter.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import BinaryIO, Final, NamedTuple

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from server.bulk.models import BulkList, BulkPart
from server.bulk.reading import ListKind, Row, read_parts
from server.bulk.rows import worker_at
from server.kernel.audit import record
from server.kernel.claiming import CLAIM, claim, nobodys
from server.kernel.database import Database, vault_of

KEPT: Final = timedelta(days=14)
"""How long a list and its report can be read; after that it is forgotten, carried out or not."""


class ListState(StrEnum):
    """How far a list is. READY: looked at, and waiting for the KSB."""

    CHECKING = "checking"
    READY = "ready"
    CARRYING = "carrying"
    DONE = "done"


BUSY: Final = (ListState.CHECKING, ListState.CARRYING)


class Target(NamedTuple):
    """For which counter of which card system a list is, and what it asks for."""

    system: int
    counter: int
    kind: ListKind


def put_list(session: Session, target: Target, name: str, file: BinaryIO, *, staff_id: int) -> int:
    """Keep a list that is to be looked at; return its id.

    Raises:
        ListError: the file cannot be taken in; the transaction can only be rolled back.
    """
    bulk = BulkList(
        card_system_id=target.system,
        counter_id=target.counter,
        kind=target.kind,
        staff_id=staff_id,
        name=name.replace("\0", "")[:200],
        made_at=datetime.now(UTC),
        state=ListState.CHECKING,
    )
    session.add(bulk)
    session.flush()
    vault, list_id = vault_of(session), bulk.id or 0
    for number, part in enumerate(read_parts(file)):
        sealed = vault.seal(zlib.compress(json.dumps(part).encode()))
        session.add(BulkPart(list_id=list_id, number=number, sealed=sealed))
        session.flush()
        session.expire_all()
        bulk.parts, bulk.rows = number + 1, bulk.rows + len(part)
    return list_id


def order_list(session: Session, bulk: BulkList, *, staff_id: int) -> bool:
    """Have the good rows of a list carried out; False when it is not waiting for that (any more)."""
    if not _move_on(session, bulk, ListState.READY, ListState.CARRYING):
        return False
    detail = {"list": bulk.id, "file": bulk.name, "rows": bulk.good}
    action = f"bulk-{bulk.kind}"
    record(
        session,
        action,
        "card_system",
        bulk.card_system_id,
        staff_id=staff_id,
        counter_id=bulk.counter_id,
        detail=detail,
    )
    return True


def drop_list(session: Session, bulk: BulkList) -> bool:
    """Throw a list away that waits; False when it is being carried out, or was."""
    gone = delete(BulkList).where(col(BulkList.id) == bulk.id, col(BulkList.state) == ListState.READY)
    return bool(session.execute(gone).rowcount == 1)  # type: ignore[attr-defined]


def work_at(database: Database, list_id: int) -> bool:
    """Look at a list, or carry it out, as far as it goes; False when another process does.

    A process that stops leaves the rest to another, at once.
    """
    here = {"began": datetime.now(UTC), "began_part": col(BulkList.next_part)}
    if not claim(database, BulkList, list_id, BUSY, **here):
        return False
    while _do_part(database, list_id):
        if database.is_closing:
            with database.writing() as session:
                session.execute(update(BulkList).where(col(BulkList.id) == list_id).values(claimed=None))
            break
    return True


def work_at_open(database: Database) -> None:
    """Go on with the lists that nobody works at."""
    with database.reading() as session:
        waiting = nobodys(session, BulkList, BUSY)
    for list_id in waiting:
        if database.is_closing:
            return
        work_at(database, list_id)


def time_left(bulk: BulkList, now: datetime) -> timedelta | None:
    """Return how much longer a list that is worked at takes, at the pace it has; None: too early to say."""
    parts = bulk.next_part - bulk.began_part
    if bulk.state not in BUSY or bulk.began is None or parts < 1:
        return None
    return (now - bulk.began) / parts * (bulk.parts - bulk.next_part)


def forget_lists(session: Session, now: datetime) -> None:
    """Forget the lists whose time is over."""
    session.execute(delete(BulkList).where(col(BulkList.made_at) < now - KEPT))


def _move_on(session: Session, bulk: BulkList, before: ListState, after: ListState) -> bool:
    moved = (
        update(BulkList)
        .where(col(BulkList.id) == bulk.id, col(BulkList.state) == before)
        .values(state=after, next_part=0, claimed=None, began=None, began_part=0)
    )
    return bool(session.execute(moved).rowcount == 1)  # type: ignore[attr-defined]


def _do_part(database: Database, list_id: int) -> bool:
    """Do the next piece of a list; False when there is none."""
    now = datetime.now(UTC)
    with database.writing() as session:
        # Locked: of two that both think they have it, the second finds this piece done.
        bulk = session.exec(select(BulkList).where(BulkList.id == list_id).with_for_update()).one_or_none()
        if bulk is None or bulk.state not in BUSY:
            return False
        part = session.get(BulkPart, (list_id, bulk.next_part))
        if part is None:
            return _finish(session, bulk)
        rows = [Row(*row) for row in json.loads(zlib.decompress(vault_of(session).unseal(part.sealed)))]
        worker = worker_at(session, bulk, now)
        (worker.check if bulk.state == ListState.CHECKING else worker.carry_out)(rows)
        bulk.next_part, bulk.claimed = bulk.next_part + 1, now + CLAIM
    return True


def _finish(session: Session, bulk: BulkList) -> bool:
    """Say that a list is through; there is nothing more to do at it."""
    if bulk.state == ListState.CARRYING:
        session.execute(delete(BulkPart).where(col(BulkPart.list_id) == bulk.id))
    bulk.state = ListState.READY if bulk.state == ListState.CHECKING else ListState.DONE
    bulk.next_part, bulk.claimed = 0, None
    return False
