"""One zuil over time: what it is, what it measured, who did what, and when its place is open."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Form
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.kernel.audit import AuditEntry
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.models import Kiosk, KioskLive, KioskState
from server.kiosks.overview import is_retired, own_clock_offset
from server.kiosks.setup import number_of
from server.logbook.names import chosen_events
from server.logbook.words import deed_word, details
from server.monitor.board import Row, read_row
from server.monitor.care import begin_maintenance, end_maintenance, maintenance_now
from server.monitor.charts import Chart, bands, bars, line, moments
from server.monitor.history import History, Period, read_history
from server.monitor.hours import HoursError, read_form, write_form
from server.monitor.models import KioskHours
from server.monitor.pages import Follower, Ruler, words_for
from server.monitor.retired import Retired, find_retired
from server.monitor.rules import put_hours
from server.monitor.timeline import NEWEST, read_timeline
from server.monitor.words import advice, excuse_word, happening_words
from server.staff.access import Requires
from server.staff.models import Staff
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.i18n import Translator, speak
from server.web.moments import Moments
from server.web.streams import stream
from server.web.templating import fragment, page
from shared.domain.zones import from_millis

NEEDS_INPUT: Final = 422
LOOK_SECONDS: Final = 2.0
MOST_DEEDS: Final = 20
HOURS_OF_WORK: Final = (1, 4, 8, 24)
_MILLIS: Final = re.compile("[0-9]{1,15}")

router = APIRouter(prefix="/monitor/zuilen/{number}", include_in_schema=False)

Handler = Annotated[Acting, Depends(Requires(Permission.HANDLE_ALERTS))]


class Drawn(NamedTuple):
    """A chart with what the template writes beside it."""

    name: str
    chart: Chart
    label: str
    unit: str
    said: str
    digits: int = 0


@dataclass(frozen=True)
class ChartWords:
    """What the charts need to say in the visitor's language."""

    nothing: str
    tick: Callable[[float], str]


@router.get("")
def show_kiosk(
    request: Request,
    session: RequestSession,
    acting: Follower,
    number: int,
    *,
    periode: str = "",
    gelukt: str = "",
) -> Response:
    """Show one zuil over a day, a week, a month or a year; also one that is out of use."""
    retired = find_retired(session, acting.card_system_id, number)
    if retired is not None:
        return _retired_page(request, session, retired, periode)
    return _page(request, session, acting, number, periode=periode, done=gelukt)


@router.get("/stroom")
def follow_kiosk(request: Request, session: RequestSession, acting: Follower, number: int) -> Response:
    """Stream how one zuil is, what it says and what happened to it."""
    row_in_reach(session, acting, number)

    def render(session: Session) -> dict[str, str]:
        row = read_row(session, acting.card_system_id, number)
        if row is None:
            return {}  # removed meanwhile
        shown = _now_of(request, session, row)
        return {
            event: fragment(request, f"monitor/{template}.html", **shown)
            for event, template in (("oordeel", "_verdict"), ("meting", "_told"), ("verloop", "_turns"))
        }

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/verloop")
def show_timeline(
    request: Request, session: RequestSession, acting: Follower, number: int, voor: str = ""
) -> Response:
    """Show what happened to one zuil before an instant (ms UTC), a page of it."""
    _ = speak(request)
    before = int(voor) if _MILLIS.fullmatch(voor) else NEWEST
    retired = find_retired(session, acting.card_system_id, number)
    return page(
        request,
        "monitor/timeline.html",
        name=retired.kiosk.name if retired else row_in_reach(session, acting, number).name,
        number=number,
        timeline=read_timeline(session, number, _now(), before),
        happened=happening_words(_),
        is_newest=before == NEWEST,
        words=words_for(request),
        at=from_millis,
    )


@router.post("/onderhoud")
def announce_work(
    session: RequestSession,
    acting: Handler,
    number: int,
    uren: Annotated[int, Form()] = 1,
    reden: Annotated[str, Form()] = "",
) -> Response:
    """Say that somebody works on the zuil for a few hours: what it does meanwhile is no alert."""
    row_in_reach(session, acting, number)
    hours = uren if uren in HOURS_OF_WORK else HOURS_OF_WORK[0]
    begin_maintenance(session, number, _now(), hours, reden, staff_id=acting.staff_id)
    return RedirectResponse(f"/monitor/zuilen/{number}?gelukt=onderhoud", 303)


@router.post("/onderhoud/klaar")
def end_work(session: RequestSession, acting: Handler, number: int) -> Response:
    """Say that the work is done."""
    row_in_reach(session, acting, number)
    end_maintenance(session, number, _now(), staff_id=acting.staff_id)
    return RedirectResponse(f"/monitor/zuilen/{number}?gelukt=klaar", 303)


@router.post("/uren")
def set_hours(
    request: Request, session: RequestSession, acting: Ruler, number: int, uren: Annotated[str, Form()] = ""
) -> Response:
    """Say when the place is open; nothing filled in is always."""
    row_in_reach(session, acting, number)
    try:
        hours = read_form(uren)
    except HoursError as error:
        sentence = _hours_error(speak(request), error)
        return _page(
            request, session, acting, number, hours=uren, errors={"uren": sentence}, status=NEEDS_INPUT
        )
    put_hours(session, number, hours, staff_id=acting.staff_id)
    return RedirectResponse(f"/monitor/zuilen/{number}?gelukt=uren", 303)


def row_in_reach(session: Session, acting: Acting, number: int) -> Row:
    """Return a zuil that is not out of use.

    Raises:
        ProblemError: 404, it is not there, or not for this person.
    """
    row = read_row(session, acting.card_system_id, number)
    if row is not None:
        return row
    if is_retired(session, acting.card_system_id, number):
        raise ProblemError(404, "This zuil is out of use for good.", type="zuil:retired")
    raise ProblemError(404, "This zuil is not in your card system.", type="zuil:no-kiosk")


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    number: int,
    *,
    periode: str = "",
    done: str = "",
    hours: str | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    row = row_in_reach(session, acting, number)
    known = session.get(KioskHours, number)
    return page(
        request,
        "monitor/kiosk.html",
        status=status,
        **_now_of(request, session, row),
        **_over_time(request, session, number, periode),
        hours_of_work=HOURS_OF_WORK,
        hours=hours
        if hours is not None
        else write_form(known.calendar, speak(request).language)
        if known
        else "",
        errors=errors or {},
        done=done,
        may_handle=acting.may(Permission.HANDLE_ALERTS),
        may_rule=acting.may(Permission.SET_WATCH_RULES),
    )


def _retired_page(request: Request, session: Session, retired: Retired, periode: str) -> Response:
    """Show what is left of a zuil that is out of use: what it was and what happened to it."""
    number = number_of(retired.kiosk)
    return page(
        request,
        "monitor/retired.html",
        retired=retired,
        number=number,
        timeline=read_timeline(session, number, _now()),
        happened=happening_words(speak(request)),
        words=words_for(request),
        at=from_millis,
        **_over_time(request, session, number, periode),
    )


def _over_time(request: Request, session: Session, number: int, periode: str) -> dict[str, Any]:
    """Return what the page of a zuil shows of the past."""
    _ = speak(request)
    period = Period(periode) if periode in set(Period) else Period.DAY
    history = read_history(session, number, period, _now())
    return {
        "period": period,
        "periods": _periods(_),
        "drawn": _charts(_, history),
        "bands": bands(history),
        "ticks": moments(history, period),
        "chart_words": ChartWords(_("In deze tijd is niets gemeten."), _tick(_, period)),
        "deeds": _deeds(session, _, number),
    }


def _now_of(request: Request, session: Session, row: Row) -> dict[str, Any]:
    """Return what the page of a zuil shows of this moment."""
    _ = speak(request)
    live = session.get(KioskLive, row.kiosk)
    return {
        "row": row,
        "waits": session.get_one(Kiosk, row.kiosk).state == KioskState.NEW,
        "number": row.kiosk,
        "live": live,
        "clock_offset_ms": own_clock_offset(live),
        "words": words_for(request),
        "advices": [(cause, advice(_, cause)) for cause in row.causes],
        "excuse": excuse_word(_, row.excuse),
        "timeline": read_timeline(session, row.kiosk, _now()),
        "happened": happening_words(_),
        "work": maintenance_now(session, row.kiosk, _now()),
        "at": from_millis,
    }


def _charts(_: Translator, history: History) -> list[Drawn]:
    taps = bars(history, lambda point: point.taps)
    queue = line(history, lambda point: point.queue, 0, 5)
    warmth = line(history, lambda point: point.temperature, 20, 80)
    signal = line(history, lambda point: point.signal, -95, -35)
    return [
        Drawn("tikken", taps, _("Tikken"), "", _.plural("{n} tik", "{n} tikken", int(taps.total))),
        Drawn("wachtrij", queue, _("Wachtrij"), "", _most(_, queue, "")),
        Drawn("temperatuur", warmth, _("Temperatuur"), "\u00a0°C", _most(_, warmth, "\u00a0°C")),
        Drawn("signaal", signal, _("Wifi-signaal"), "\u00a0dBm", _least(_, signal, "\u00a0dBm")),
    ]


def _most(_: Translator, chart: Chart, unit: str) -> str:
    if chart.most is None or chart.last is None:
        return ""
    return _(
        "nu {now}, hoogstens {most}", now=_.decimal(chart.last) + unit, most=_.decimal(chart.most) + unit
    )


def _least(_: Translator, chart: Chart, unit: str) -> str:
    if chart.least is None or chart.last is None:
        return ""
    return _(
        "nu {now}, minstens {least}", now=_.decimal(chart.last) + unit, least=_.decimal(chart.least) + unit
    )


def _periods(_: Translator) -> Sequence[tuple[Period, str]]:
    return (
        (Period.DAY, _("Dag")),
        (Period.WEEK, _("Week")),
        (Period.MONTH, _("Maand")),
        (Period.YEAR, _("Jaar")),
    )


def _tick(_: Translator, period: Period) -> Callable[[float], str]:
    said = Moments(_, from_millis(_now()))

    def tick(value: float) -> str:
        at = from_millis(int(value))
        return said.clock(at) if period is Period.DAY else said.short_day(at, month=period is Period.YEAR)

    return tick


def _deeds(session: Session, _: Translator, number: int) -> list[tuple[AuditEntry, str, str, list[str]]]:
    query = (
        select(AuditEntry, col(Staff.name))
        .outerjoin(Staff, col(Staff.id) == col(AuditEntry.staff_id))
        .where(AuditEntry.subject_kind == "kiosk", AuditEntry.subject_id == str(number))
        .order_by(col(AuditEntry.id).desc())
        .limit(MOST_DEEDS)
    )
    found = session.exec(query).all()
    titles = chosen_events(session, [entry for entry, _name in found])
    return [
        (entry, name or "", deed_word(_, entry.action, entry.subject_kind), details(_, entry, titles))
        for entry, name in found
    ]


def _hours_error(_: Translator, error: HoursError) -> str:
    return _(
        "Regel {n} begrijpen we niet: “{line}”. Schrijf ze als “ma-vr 9:00-17:30”.",
        n=error.number,
        line=error.line,
    )


def _now() -> int:
    return time.time_ns() // 1_000_000
