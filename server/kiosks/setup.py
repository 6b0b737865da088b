"""Make zuilen, say where they stand, block them (rules 8.1, 8.6)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete
from sqlmodel import Session, col

from server.feed.changes import kiosks_changed
from server.kernel.audit import record
from server.kernel.database import vault_of
from server.kernel.errors import ProblemError
from server.kiosks.contact import judge_again
from server.kiosks.models import Kiosk, KioskCounter, KioskState

CODE_KEY_BYTES: Final = 32


def create_kiosk(
    session: Session, name: str, place: str, counter_ids: Iterable[int], *, staff_id: int | None = None
) -> Kiosk:
    """Make a zuil that is not enrolled yet, at one or more counters."""
    sealed = vault_of(session).seal(secrets.token_bytes(CODE_KEY_BYTES))
    kiosk = Kiosk(name=name, place=place, code_key=sealed)
    session.add(kiosk)
    session.flush()
    assign_counters(session, kiosk, counter_ids)
    record(session, "create", "kiosk", kiosk.number, staff_id=staff_id, detail={"name": name})
    return kiosk


def assign_counters(session: Session, kiosk: Kiosk, counter_ids: Iterable[int]) -> None:
    """Say at which counters a zuil stands, instead of where it stood."""
    number = number_of(kiosk)
    session.execute(delete(KioskCounter).where(col(KioskCounter.kiosk) == number))
    session.add_all([KioskCounter(kiosk=number, counter_id=counter) for counter in set(counter_ids)])
    kiosks_changed(session, [number])


def put_event(
    session: Session,
    kiosk: Kiosk,
    event_id: str | None,
    *,
    staff_id: int | None = None,
    counter_id: int | None = None,
    client: str = "",
) -> None:
    """Put an event on a zuil, or leave the choice to the zuil with None (rules 8.2).

    client: the program that did it.
    """
    kiosk.manual_event_id = event_id
    kiosks_changed(session, [number_of(kiosk)])
    record(
        session,
        "choose-event",
        "kiosk",
        kiosk.number,
        staff_id=staff_id,
        counter_id=counter_id,
        detail={"event": event_id} | ({"client": client} if client else {}),
    )


def ask_identity(session: Session, kiosk: Kiosk, *, staff_id: int | None = None) -> None:
    """Have a zuil blink and show its name, within seconds or as soon as it is back."""
    kiosk.identify += 1
    _note(session, kiosk, "identify", staff_id)


def block_kiosk(session: Session, kiosk: Kiosk, *, staff_id: int | None = None) -> None:
    """Block a zuil: it may hand in its taps and nothing else."""
    kiosk.state = KioskState.BLOCKED
    kiosk.blocked_at, kiosk.told_at, kiosk.wiped_at = datetime.now(UTC), None, None
    _note(session, kiosk, "block", staff_id)


def unblock_kiosk(session: Session, kiosk: Kiosk, *, staff_id: int | None = None) -> None:
    """Let a blocked zuil be enrolled again. Its present credentials stay refused: who has them is blocked."""
    if kiosk.state != KioskState.BLOCKED:
        raise ProblemError(409, "This zuil is not blocked.", type="zuil:not-blocked")
    kiosk.state = KioskState.NEW
    _note(session, kiosk, "unblock", staff_id)


def number_of(kiosk: Kiosk) -> int:
    """Return the number of a zuil that is in the database."""
    if kiosk.number is None:
        raise ValueError("this zuil is not in the database yet")
    return kiosk.number


def _note(session: Session, kiosk: Kiosk, action: str, staff_id: int | None) -> None:
    kiosks_changed(session, [number_of(kiosk)])
    judge_again(session, [number_of(kiosk)])
    record(session, action, "kiosk", kiosk.number, staff_id=staff_id)
