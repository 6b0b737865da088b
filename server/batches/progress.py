"""What became of a deed for many zuilen: kept when it is done, and confirmed by each zuil afterwards."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlmodel import Session, col, select

from server.batches.deeds import Became, Deed, Result, command_of, is_followed
from server.batches.models import KioskBatch, KioskBatchMember
from server.events.models import Event
from server.kiosks.models import OPEN_STATES, CommandState, Kiosk, KioskCommand, KioskLive, KioskState
from server.kiosks.setup import number_of
from shared.domain.zones import to_millis


class Stand(StrEnum):
    """How far one zuil is. LATER: it is not in use; it will know as soon as it is."""

    FAILED = "failed"
    WAITING = "waiting"
    LATER = "later"
    UNCHANGED = "unchanged"
    CONFIRMED = "confirmed"


class Member(NamedTuple):
    """One zuil of a batch. became: what there is to say when it is UNCHANGED."""

    kiosk: int
    name: str
    stand: Stand
    became: Became


class Progress(NamedTuple):
    """How far all of them are: those that need a look first. event: the one that was chosen, if any."""

    deed: Deed
    event: Event | None
    members: Sequence[Member]
    counts: Mapping[Stand, int]


def keep_batch(
    session: Session,
    deed: Deed,
    results: Sequence[Result],
    now: datetime,
    staff_id: int,
    *,
    event: str | None = None,
) -> int:
    """Keep what became of a deed at each zuil; return the id under which it can be followed."""
    batch = KioskBatch(at=to_millis(now), staff_id=staff_id, deed=str(deed), event_id=event)
    session.add(batch)
    session.flush()
    numbers = [number_of(result.kiosk) for result in results]
    lives = session.exec(select(KioskLive).where(col(KioskLive.kiosk).in_(numbers)))
    configs = {live.kiosk: str(live.heartbeat.get("config", "")) for live in lives}
    session.add_all(
        KioskBatchMember(
            batch_id=batch.id or 0,
            kiosk=number_of(result.kiosk),
            became=str(result.became),
            command_id=result.command_id,
            config=configs.get(number_of(result.kiosk), ""),
        )
        for result in results
    )
    return batch.id or 0


def read_progress(session: Session, batch_id: int, staff_id: int, now: datetime) -> Progress | None:
    """Return how far a batch of this person is, None when there is none (any more)."""
    batch = session.get(KioskBatch, batch_id)
    if batch is None or batch.staff_id != staff_id:
        return None
    deed = Deed(batch.deed)
    query = (
        select(KioskBatchMember, Kiosk, KioskLive, KioskCommand)
        .join(Kiosk, col(Kiosk.number) == col(KioskBatchMember.kiosk))
        .outerjoin(KioskLive, col(KioskLive.kiosk) == col(KioskBatchMember.kiosk))
        .outerjoin(KioskCommand, col(KioskCommand.id) == col(KioskBatchMember.command_id))
        .where(KioskBatchMember.batch_id == batch_id)
    )
    members = []
    for member, kiosk, live, command in session.exec(query):
        became = Became(member.became)
        if became is not Became.DONE:
            stand = Stand.UNCHANGED
        else:
            stand = _ordered(command, now) if command_of(deed) else _stand(deed, member, kiosk, live)
        members.append(Member(member.kiosk, kiosk.name, stand, became))
    order = list(Stand)
    members.sort(key=lambda member: (order.index(member.stand), member.kiosk))
    event = session.get(Event, batch.event_id) if batch.event_id else None
    return Progress(deed, event, members, Tally(member.stand for member in members))


def _stand(deed: Deed, member: KioskBatchMember, kiosk: Kiosk, live: KioskLive | None) -> Stand:
    """Return how far a zuil is with what is no command."""
    if not is_followed(deed):
        return Stand.CONFIRMED
    if kiosk.state != KioskState.ACTIVE:
        return Stand.LATER
    reported = str(live.heartbeat.get("config", "")) if live else ""
    return Stand.CONFIRMED if reported not in ("", member.config) else Stand.WAITING


def _ordered(command: KioskCommand | None, now: datetime) -> Stand:
    if command is None:
        return Stand.FAILED
    if command.state in OPEN_STATES:
        return Stand.WAITING if command.expires > to_millis(now) else Stand.FAILED
    return Stand.CONFIRMED if command.state == CommandState.DONE else Stand.FAILED
