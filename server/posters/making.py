"""The code on a poster: made per event, good in the event's windows, void with the next edition."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from sqlmodel import Session, select

from server.events.models import Event
from server.kernel.audit import record
from server.kernel.database import vault_of
from server.kernel.errors import ProblemError
from server.kiosks.choices import window_now_or_next
from server.posters.models import Poster
from shared.domain.codes import PosterCode, is_poster, make_poster_code

KEY_BYTES: Final = 32


def poster_code(session: Session, event: Event, now: datetime) -> str:
    """Return the code of the edition of an event's poster that holds; the first time it is made.

    Raises:
        ProblemError: 409, the event has no future check-in period, so no code (rules 7.10).
    """
    if window_now_or_next(event, now)[0] is None:
        raise ProblemError(
            409, "This event has no future check-in period, so no code.", type="zuil:no-check-in-period"
        )
    poster = session.get(Poster, event.id)
    if poster is None:
        poster = Poster(event_id=event.id, code_key=_fresh(session))
        session.add(poster)
    return make_poster_code(vault_of(session).open(poster.code_key), event.number, poster.edition)


def void_posters(session: Session, event: Event, *, staff_id: int | None = None) -> None:
    """Make the posters of an event that hang somewhere void; the next one printed is of a new edition."""
    poster = session.get(Poster, event.id)
    if poster is None:
        return
    poster.edition, poster.code_key = poster.edition + 1, _fresh(session)
    detail = {"edition": poster.edition}
    record(session, "renew-poster", "event", event.id, staff_id=staff_id, detail=detail)


def event_of_poster(session: Session, code: PosterCode) -> Event | None:
    """Return the event whose poster carries this code; None when it is of no edition that holds."""
    event = session.exec(select(Event).where(Event.number == code.event)).first()
    poster = session.get(Poster, event.id) if event else None
    if event is None or poster is None or poster.edition != code.edition:
        return None
    return event if is_poster(vault_of(session).open(poster.code_key), code) else None


def _fresh(session: Session) -> bytes:
    return vault_of(session).seal(secrets.token_bytes(KEY_BYTES))
