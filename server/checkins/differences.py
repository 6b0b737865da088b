"""Where zuil and server do not tell the same story: other outcomes, missing rows, refused taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from server.checkins.models import Checkin, GapKind, GapState, KioskGap, RefusedTap
from server.checkins.refusals import Refusal, kind_of
from server.events.models import Event
from server.kiosks.models import Kiosk
from shared.domain.outcomes import Outcome
from shared.domain.zones import from_millis

MOST: Final = 100


@dataclass(frozen=True)
class Difference:
    """A tap on which the zuil showed something else than the server decided afterwards."""

    id: str
    at: datetime
    kiosk: str
    event: Event | None
    uitpas_number: str | None
    shown: Outcome
    decided: Outcome


@dataclass(frozen=True)
class Gap:
    """Rows of a zuil's journal that are missing, or that do not fit its chain."""

    kiosk: str
    first: int
    last: int
    noticed: datetime
    is_chain: bool
    state: GapState


@dataclass(frozen=True)
class Refused:
    """A row that the server could not use; it is kept. reason: what the program said of it, in English."""

    kiosk: str
    seq: int
    reason: str
    received: datetime

    @property
    def kind(self) -> Refusal:
        """What kind of refusal it was."""
        return kind_of(self.reason)


def differences(session: Session, kiosks: Sequence[int]) -> list[Difference]:
    """Return the latest differences at these zuilen, newest first.

    A visit that was only noted and then judged is no difference: that is what was promised.
    """
    rows = session.exec(
        select(Checkin, Event, Kiosk.name)
        .join(Kiosk, col(Kiosk.number) == col(Checkin.kiosk))
        .outerjoin(Event, col(Event.id) == col(Checkin.event_id))
        .where(
            col(Checkin.kiosk).in_(kiosks),
            col(Checkin.outcome) != col(Checkin.shown),
            Checkin.shown != Outcome.QUEUED_UNKNOWN,
        )
        .order_by(col(Checkin.at).desc())
        .limit(MOST)
    )
    return [
        Difference(
            id=checkin.id,
            at=from_millis(checkin.at),
            kiosk=name,
            event=event,
            uitpas_number=checkin.uitpas_number,
            shown=Outcome(checkin.shown),
            decided=Outcome(checkin.outcome),
        )
        for checkin, event, name in rows
    ]


def gaps(session: Session, kiosks: Sequence[int]) -> list[Gap]:
    """Return what is missing from the journals of these zuilen, open gaps first."""
    rows = session.exec(
        select(KioskGap, Kiosk.name)
        .join(Kiosk, col(Kiosk.number) == col(KioskGap.kiosk))
        .where(col(KioskGap.kiosk).in_(kiosks), KioskGap.state != GapState.FILLED)
        .order_by(col(KioskGap.state).desc(), col(KioskGap.noticed).desc())
        .limit(MOST)
    )
    return [
        Gap(
            kiosk=name,
            first=gap.first,
            last=gap.last,
            noticed=from_millis(gap.noticed),
            is_chain=gap.kind == GapKind.CHAIN,
            state=GapState(gap.state),
        )
        for gap, name in rows
    ]


def refused_taps(session: Session, kiosks: Sequence[int]) -> list[Refused]:
    """Return the rows of these zuilen's journals that could not be used, newest first."""
    rows = session.exec(
        select(RefusedTap, Kiosk.name)
        .join(Kiosk, col(Kiosk.number) == col(RefusedTap.kiosk))
        .where(col(RefusedTap.kiosk).in_(kiosks))
        .order_by(col(RefusedTap.received).desc())
        .limit(MOST)
    )
    return [Refused(name, tap.seq, tap.reason, from_millis(tap.received)) for tap, name in rows]
