"""The zuilen of someone's reach as a table, and what a table asks for, done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, select

from server.batches.table import Column, Known, Wish, row_of
from server.counters.models import Counter
from server.kernel.audit import record
from server.kiosks.models import Kiosk, KioskCounter
from server.kiosks.overview import kiosks_found
from server.kiosks.preferences import preferences_of, put_mode, put_name, put_preferences
from server.kiosks.setup import assign_counters, create_kiosk, number_of
from server.monitor.hours import read_form
from server.monitor.models import KioskHours
from server.monitor.rules import put_hours


def rows_of(session: Session, reach: int | None, search: str) -> list[Mapping[Column, str]]:
    """Return the zuilen within reach in which every word occurs, as lines of a table."""
    kiosks = session.exec(kiosks_found(reach, search)).all()
    names: dict[int, list[str]] = {}
    query = select(KioskCounter.kiosk, Counter.name).join(
        Counter, col(Counter.id) == col(KioskCounter.counter_id)
    )
    for number, name in session.exec(query.order_by(col(Counter.name))):
        names.setdefault(number, []).append(name)
    hours = {one.kiosk: one.calendar for one in session.exec(select(KioskHours))}
    return [
        row_of(kiosk, preferences_of(kiosk), names.get(number_of(kiosk), []), hours.get(number_of(kiosk)))
        for kiosk in kiosks
    ]


def known_to(session: Session, reach: int | None, counters: Sequence[Counter]) -> Known:
    """Return what the lines of a table are read against."""
    kiosks = {number_of(kiosk): kiosk for kiosk in session.exec(kiosks_found(reach, ""))}
    return Known(kiosks, {counter.name.casefold(): counter.id or 0 for counter in counters})


def do_wishes(session: Session, wishes: Sequence[Wish], known: Known, *, staff_id: int) -> tuple[int, int]:
    """Make and change zuilen; return how many were made, and how many changed."""
    kept = _counters_elsewhere(session, known)
    made = changed = 0
    for wish in wishes:
        if wish.kiosk is None:
            kiosk = create_kiosk(
                session, wish.name or "", wish.place or "", wish.counters or (), staff_id=staff_id
            )
            _set(session, kiosk, wish, staff_id)
            made += 1
        else:
            changed += _change(session, known.kiosks[wish.kiosk], wish, kept, staff_id)
    return made, changed


def _change(
    session: Session, kiosk: Kiosk, wish: Wish, kept: Mapping[int, tuple[set[int], set[int]]], staff_id: int
) -> bool:
    name, place = wish.name or kiosk.name, wish.place or kiosk.place
    is_changed = put_name(session, kiosk, name, place, staff_id=staff_id)
    mine, others = kept.get(number_of(kiosk), (set(), set()))
    if wish.counters is not None and wish.counters != mine:
        wanted = wish.counters | others
        assign_counters(session, kiosk, wanted)
        detail = {"counters": sorted(wanted)}
        record(session, "assign-counters", "kiosk", kiosk.number, staff_id=staff_id, detail=detail)
        is_changed = True
    return _set(session, kiosk, wish, staff_id) or is_changed


def _set(session: Session, kiosk: Kiosk, wish: Wish, staff_id: int) -> bool:
    is_changed = False
    if wish.mode is not None and wish.mode != kiosk.mode:
        put_mode(session, kiosk, wish.mode, staff_id=staff_id)
        is_changed = True
    if wish.preferences is not None:
        is_changed |= put_preferences(session, kiosk, wish.preferences, staff_id=staff_id)
    if wish.hours is not None and (hours := read_form(wish.hours)) is not None:
        put_hours(session, number_of(kiosk), hours, staff_id=staff_id)
        is_changed = True
    return is_changed


def _counters_elsewhere(session: Session, known: Known) -> dict[int, tuple[set[int], set[int]]]:
    """Return zuil -> its counters within reach, and those of other card systems, which stay."""
    mine = set(known.counters.values())
    found: dict[int, tuple[set[int], set[int]]] = {}
    for number, counter in session.exec(select(KioskCounter.kiosk, KioskCounter.counter_id)):
        own, others = found.setdefault(number, (set(), set()))
        (own if counter in mine else others).add(counter)
    return found
