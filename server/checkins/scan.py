"""Saving a point with a phone: the code on a zuil or poster, then number and birth date (rules 7.10, 8.7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlmodel import Session, col, select

from server.checkins.facts import FoundCard, card_by_number, events_by_id
from server.checkins.ledger import Arrival, Claim, judge
from server.checkins.models import Source
from server.events.models import Event
from server.kernel.bulk import Bulk
from server.kernel.database import vault_of
from server.kernel.ids import new_id
from server.kiosks.choices import window_now_or_next
from server.kiosks.models import Kiosk, KioskLive, KioskState
from server.passholders.models import Passholder
from server.posters.making import event_of_poster
from shared.domain.checkin import Decision
from shared.domain.codes import (
    CheckinCode,
    CodeVerdict,
    PosterCode,
    read_code,
    read_poster_code,
    verify_code,
)
from shared.domain.outcomes import Outcome
from shared.domain.zones import to_millis

TOLERANCE_SECONDS: Final = 15.0
"""For reading and typing nothing: between the picture on the zuil and the phone's first request."""
MOST_CLOCK_ERROR: Final = 120.0
"""Seconds of a zuil's clock error that are forgiven; beyond it a code would live too long."""


@dataclass(frozen=True)
class Scan:
    """A code that was good when it was scanned: at which zuil (None: a poster), for which event."""

    kiosk: int | None
    event_id: str


@dataclass(frozen=True)
class Saved:
    """What became of it. `total`: the balance now, None when nobody's."""

    decision: Decision
    total: int | None


def check_scan(session: Session, text: str, now: datetime) -> Scan | Decision:
    """Judge a scanned code; a `Decision` says why it is no good."""
    poster = read_poster_code(text)
    if poster is not None:
        return _check_poster(session, poster, now)
    found = _check_code(session, text, now)
    return Decision(found) if isinstance(found, Outcome) else found


def _check_poster(session: Session, code: PosterCode, now: datetime) -> Scan | Decision:
    """Judge a poster's code: of the edition that holds, and in a window of its event."""
    event = event_of_poster(session, code)
    if event is None:
        return Decision(Outcome.CODE_INVALID)
    window, is_open = window_now_or_next(event, now)
    if is_open:
        return Scan(None, event.id)
    if window is None:
        return Decision(Outcome.ENDED)
    return Decision(Outcome.TOO_EARLY, opens=window.opens)


def _check_code(session: Session, text: str, now: datetime) -> Scan | Outcome:
    code = read_code(text)
    kiosk = session.get(Kiosk, code.kiosk) if code else None
    if code is None or kiosk is None or kiosk.state != KioskState.ACTIVE or not kiosk.qr:
        return Outcome.CODE_INVALID
    verdict = _verdict(session, kiosk, code, now)
    if verdict is not CodeVerdict.VALID:
        return Outcome.CODE_EXPIRED if verdict is CodeVerdict.EXPIRED else Outcome.CODE_INVALID
    event_id = session.exec(select(Event.id).where(col(Event.number) == code.event)).first()
    return Outcome.CODE_INVALID if event_id is None else Scan(code.kiosk, event_id)


def save_point(session: Session, scan: Scan, uitpas_number: str, born: date, now: datetime) -> Saved:
    """Check in the holder of a card, if the birth date is his.

    A wrong birth date gives the answer of an unknown card, so that nobody learns whose a number
    is; neither is kept as a check-in.
    """
    card = card_by_number(session, uitpas_number)
    if card is None or not _is_holder(session, card, born):
        return Saved(Decision(Outcome.UNKNOWN_CARD), None)
    at = to_millis(now)
    event = events_by_id(Bulk(session), [scan.event_id], scan.kiosk).get(scan.event_id)
    is_foreign = scan.kiosk is not None and event is not None and event.counter_id is None
    claim = Claim(
        id=new_id(),
        at=at,
        wall=at,
        shown=None,
        event_id=scan.event_id,
        event=event,
        card=card,
        kiosk=scan.kiosk,
        noted=Outcome.COUNTER_NOT_ALLOWED if is_foreign else None,
    )
    (judged,) = judge(session, [claim], Arrival(Source.QR, at))
    return Saved(judged.decision, judged.total)


def _verdict(session: Session, kiosk: Kiosk, code: CheckinCode, now: datetime) -> CodeVerdict:
    live = session.get(KioskLive, kiosk.number)
    offset = min(abs(live.clock_offset_ms or 0) / 1000, MOST_CLOCK_ERROR) if live else 0.0
    key = vault_of(session).open(kiosk.code_key)
    return verify_code(
        key, code, now, step_seconds=kiosk.qr_seconds, tolerance_seconds=TOLERANCE_SECONDS + offset
    )


def _is_holder(session: Session, card: FoundCard, born: date) -> bool:
    if card.facts.passholder is None:
        return True  # nobody's card: a group pass, or one that is not in use yet
    holder = session.get(Passholder, card.facts.passholder)
    return holder is not None and holder.birth_date == born
