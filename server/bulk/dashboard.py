"""Lists of pashouders on the KSB's pages: sent in, looked over, carried out; everyone as a table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, UploadFile
from sqlmodel import Session
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.bulk.export import export_members
from server.bulk.models import BulkList
from server.bulk.reading import COLUMNS, MOST_ROWS, ListError, ListKind
from server.bulk.report import LISTS, PAGE, lists_of, report_file, rows_after
from server.bulk.words import kind_words, left_sentence, outcome_sentence
from server.bulk.working import (
    BUSY,
    ListState,
    Target,
    drop_list,
    order_list,
    put_list,
    time_left,
    work_at,
)
from server.cardsystems.models import CardSystem
from server.cardsystems.rights import CounterRight
from server.counters.models import Counter
from server.counters.rights import counters_with
from server.kernel.audit import record
from server.kernel.database import RequestSession, database_of
from server.kernel.errors import ProblemError
from server.registration.keeping import HERE, NEEDS_INPUT, Keeper, OwnSystem
from server.web.downloads import send_table
from server.web.i18n import speak
from server.web.templating import fragment, page
from shared.domain.zones import local_day

MOST_BYTES: Final = 32 << 20

router = APIRouter(prefix=f"{HERE}/{{system_id}}/lijsten", include_in_schema=False)


def _own_list(session: RequestSession, system: OwnSystem, list_id: int) -> BulkList:
    found = session.get(BulkList, list_id)
    if found is None or found.card_system_id != system.id:
        raise ProblemError(404, "There is no such list.", type="zuil:place")
    return found


@router.get("")
def show_lists(request: Request, session: RequestSession, system: OwnSystem, voor: int = 0) -> Response:
    """Show the lists that came in, and the form for another."""
    return _lists_page(request, session, system, older_than=voor)


@router.post("")
def take_list(
    request: Request,
    session: RequestSession,
    acting: Keeper,
    *,
    system: OwnSystem,
    kind: Annotated[ListKind, Form()] = ListKind.REGISTER,
    counter: Annotated[int, Form()] = 0,
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep a list, begin to look at it, and go to the page where that can be followed."""
    _ = speak(request)
    counters = {one.id: one for one in _counters(session, system)}
    errors = {}
    if counter not in counters:
        errors["counter"] = _("Kies een balie.")
    if file is None or not file.size or file.size > MOST_BYTES:
        errors["file"] = _("Kies een CSV-bestand van hoogstens {n} MB.", n=MOST_BYTES >> 20)
    if errors or file is None:
        return _lists_page(request, session, system, errors, kind=kind, counter=counter)
    target = Target(system.id, counter, kind)
    try:
        with session.begin_nested():
            list_id = put_list(session, target, file.filename or "", file.file, staff_id=acting.staff_id)
    except ListError:
        sentence = _("In dit bestand staan geen lijnen, of meer dan {n}.", n=MOST_ROWS)
        return _lists_page(request, session, system, {"file": sentence}, kind=kind, counter=counter)
    return _begin(session, system, list_id)


@router.post("/pashouders.csv")
def export(request: Request, session: RequestSession, acting: Keeper, system: OwnSystem) -> Response:
    """Send every member as a table; the trail says who took it."""
    record(session, "export-members", "card_system", system.id, staff_id=acting.staff_id)
    rows = export_members(database_of(session), system.id, speak(request), local_day(datetime.now(UTC)))
    return send_table(rows, f"pashouders-{system.id}.csv")


@router.get("/{list_id}")
def show_list(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    bulk: Annotated[BulkList, Depends(_own_list)],
    *,
    na: int = 0,
    toon: str = "",
) -> Response:
    """Show how far a list is and, once it was looked at, what will become of each row, or became of it."""
    facts = _facts(request, session, system, bulk, after=na, shown=toon)
    return page(request, "bulk/list.html", system=system, facts=facts)


@router.get("/{list_id}/stand")
def follow_list(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    bulk: Annotated[BulkList, Depends(_own_list)],
) -> Response:
    """Return the part of the page that changes."""
    html = fragment(request, "bulk/_list.html", facts=_facts(request, session, system, bulk))
    return HTMLResponse(html, headers={"cache-control": "no-store"})


@router.get("/{list_id}/verslag.csv")
def download_report(
    request: Request,
    session: RequestSession,
    system: OwnSystem,
    bulk: Annotated[BulkList, Depends(_own_list)],
) -> Response:
    """Send what becomes of each row."""
    name = f"verslag-{system.id}-{bulk.id}.csv"
    return send_table(report_file(database_of(session), bulk.id or 0, bulk.kind, speak(request)), name)


@router.post("/{list_id}/uitvoeren")
def carry_out(
    session: RequestSession, acting: Keeper, system: OwnSystem, bulk: Annotated[BulkList, Depends(_own_list)]
) -> Response:
    """Have the good rows carried out, once."""
    if not order_list(session, bulk, staff_id=acting.staff_id):
        return RedirectResponse(_address(system, bulk.id), 303)
    return _begin(session, system, bulk.id or 0)


@router.post("/{list_id}/weg")
def drop(
    session: RequestSession, _acting: Keeper, system: OwnSystem, bulk: Annotated[BulkList, Depends(_own_list)]
) -> Response:
    """Throw a list away that was not carried out."""
    is_gone = drop_list(session, bulk)
    return RedirectResponse(_address(system, None if is_gone else bulk.id), 303)


def _begin(session: Session, system: CardSystem, list_id: int) -> Response:
    work = BackgroundTask(work_at, database_of(session), list_id)
    return RedirectResponse(_address(system, list_id), 303, background=work)


def _address(system: CardSystem, list_id: int | None) -> str:
    return f"{HERE}/{system.id}/lijsten" + (f"/{list_id}" if list_id else "")


def _counters(session: Session, system: CardSystem) -> list[Counter]:
    return counters_with(session, system.id, CounterRight.REGISTER)


def _facts(
    request: Request,
    session: Session,
    system: CardSystem,
    bulk: BulkList,
    *,
    after: int = 0,
    shown: str = "",
) -> dict[str, object]:
    _, is_busy = speak(request), bulk.state in BUSY
    wrong = bulk.bad + bulk.refused
    shown = shown if shown in {"fout", "goed"} else "fout" if wrong else "goed"
    rows = [] if is_busy else rows_after(session, bulk.id or 0, after, wrong=shown == "fout")
    return {
        "system": system,
        "bulk": bulk,
        "counter": session.get(Counter, bulk.counter_id),
        "kind": kind_words(_)[ListKind(bulk.kind)],
        "is_busy": is_busy,
        "left": left_sentence(_, time_left(bulk, datetime.now(UTC))),
        "is_ready": bulk.state == ListState.READY,
        "wrong": wrong,
        "shown": shown,
        "rows": [(row, outcome_sentence(_, bulk.kind, row)) for row in rows],
        "further": rows[-1].line if len(rows) == PAGE else None,
    }


def _lists_page(
    request: Request,
    session: Session,
    system: CardSystem,
    errors: Mapping[str, str] = MappingProxyType({}),
    *,
    kind: ListKind = ListKind.REGISTER,
    counter: int = 0,
    older_than: int = 0,
) -> Response:
    _ = speak(request)
    lists = lists_of(session, system.id, older_than=older_than or None)
    return page(
        request,
        "bulk/lists.html",
        status=NEEDS_INPUT if errors else 200,
        system=system,
        errors=errors,
        kinds=kind_words(_),
        columns={one: "; ".join(map(_, names)) for one, names in COLUMNS.items()},
        kind=kind,
        counters=[(one.id, one.name) for one in _counters(session, system)],
        counter=counter,
        lists=lists,
        busy=BUSY,
        older=lists[-1].id if len(lists) == LISTS else None,
    )
