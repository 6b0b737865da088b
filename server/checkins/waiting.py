"""Visits with a card that nobody knew: judged when the card turns out to be someone's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session

from server.checkins.facts import cards_by_chip, events_by_id
from server.checkins.ledger import Claim, Judged, settle
from server.kernel.bulk import Bulk, Statement
from shared.domain.outcomes import Outcome
from shared.domain.zones import to_millis

KEPT: Final = timedelta(days=90)
"""Then a chip number that nobody claimed is forgotten; the visit stays."""
MOST: Final = 500

_READY: Final = Statement(
    "SELECT CAST(id AS text), kiosk, seq, at, wall, event_id, chip_number FROM checkin"
    " WHERE chip_number IN (SELECT c.chip_number FROM card c JOIN checkin w ON w.chip_number = c.chip_number"
    " WHERE c.passholder_ref IS NOT NULL OR c.group_pass) ORDER BY at LIMIT :most {lock}"
)
_FORGET: Final = Statement(
    "UPDATE checkin SET chip_number = NULL WHERE chip_number IS NOT NULL AND received < :before"
)


def judge_waiting(session: Session) -> list[Judged]:
    """Judge up to `MOST` waiting visits whose card is known by now, in the order in which they were made.

    Safe to run on many machines: each visit is locked, and waits no more once it is judged.
    """
    bulk = Bulk(session)
    rows = bulk.run(_READY, {"most": MOST})
    judged: list[Judged] = []
    for kiosk in sorted({row[1] for row in rows}):
        judged += settle(session, _claims(session, bulk, kiosk, [row for row in rows if row[1] == kiosk]))
    return judged


def forget_chips(session: Session, now: datetime) -> None:
    """Forget the chip numbers that waited too long."""
    Bulk(session).run(_FORGET, {"before": to_millis(now - KEPT)})


def _claims(session: Session, bulk: Bulk, kiosk: int, rows: list[tuple[Any, ...]]) -> list[Claim]:
    cards = cards_by_chip(session, sorted({row[6] for row in rows}))
    events = events_by_id(bulk, (row[5] for row in rows if row[5]), kiosk)
    claims = []
    for id_, _, seq, at, wall, event_id, chip in rows:
        event = events.get(event_id or "")
        refused = event is not None and event.counter_id is None
        claims.append(
            Claim(
                id=id_,
                at=at,
                wall=wall,
                shown=Outcome.QUEUED_UNKNOWN,
                event_id=event_id,
                event=event,
                card=cards.get(chip),
                seq=seq,
                noted=Outcome.COUNTER_NOT_ALLOWED if refused else None,
            )
        )
    return claims
