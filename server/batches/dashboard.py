"""Many zuilen at once, on screen: tick them and choose what happens; a list out, a list in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, UploadFile
from pydantic import BaseModel
from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server.batches.deeds import MOST, Batch, Deed, do_together, permission_for
from server.batches.listing import do_wishes, known_to, rows_of
from server.batches.progress import Stand, keep_batch, read_progress
from server.batches.table import Column, Fault, Line, TableError, read_lines, read_table, write_table
from server.batches.words import became_words, column_words, deed_word, fault_sentence, stand_words
from server.counters.reach import counters_in_reach
from server.kernel.database import RequestSession
from server.kernel.errors import ProblemError
from server.kiosks.choices import event_choices, kiosks_of
from server.kiosks.dashboard import AskedList, Listed
from server.kiosks.models import Kiosk, KioskCounter
from server.kiosks.overview import kiosks_found
from server.kiosks.setup import number_of
from server.monitor.dashboard import HOURS_OF_WORK
from server.staff.access import Requires
from server.staff.roles import Permission
from server.staff.sessions import Acting
from server.web.downloads import send_table
from server.web.i18n import speak
from server.web.streams import stream
from server.web.templating import fragment, page
from server.web.words import mode_word
from shared.domain.messages import LANGUAGES
from shared.domain.modes import Mode, known_mode

HERE: Final = "/dashboard/zuilen"
NEEDS_INPUT: Final = 422
MOST_BYTES: Final = 2_000_000
MOST_SHOWN: Final = 100
MOST_FAULTS: Final = 200
LOOK_SECONDS: Final = 1.0
_FINE: Final[Mapping[str, str]] = MappingProxyType({})

router = APIRouter(prefix=HERE, include_in_schema=False)

Commander = Annotated[Acting, Depends(Requires(Permission.COMMAND_KIOSKS))]
Owner = Annotated[Acting, Depends(Requires(Permission.MANAGE_KIOSKS))]


class BatchForm(BaseModel):
    """What was ticked and chosen. every: all that were found, not only those on this page.

    event: the id of the one that was chosen; activiteit: words to look for one.
    """

    kiosk: list[int] = []
    every: str = ""
    zoek: str = ""
    deed: str = ""
    language: list[str] = []
    mode: str = ""
    hours: int = 1
    reason: str = ""
    event: str = ""
    activiteit: str = ""


@router.get("/samen")
def show_together(request: Request, session: RequestSession, acting: Commander, asked: Listed) -> Response:
    """Show a page of zuilen to tick, and what can be done with them."""
    in_use = AskedList(zoek=asked.zoek, blad=asked.blad)
    return _page(request, session, acting, BatchForm(zoek=asked.zoek), asked=in_use)


@router.post("/samen")
def do(
    request: Request, session: RequestSession, acting: Commander, form: Annotated[BatchForm, Form()]
) -> Response:
    """Do it, and go to what becomes of it at each."""
    asked = AskedList(zoek=form.zoek)
    batch, errors = _read(request, form)
    kiosks = _chosen(session, acting, form)
    _ = speak(request)
    if not kiosks:
        errors["kiosk"] = _("Vink minstens één zuil aan.")
    elif len(kiosks) > MOST:
        errors["kiosk"] = _("Kies hoogstens {n} zuilen tegelijk; zoek er minder.", n=MOST)
    if errors or batch is None:
        return _page(request, session, acting, form, asked=asked, errors=errors)
    if not acting.may(permission_for(batch.deed)):
        raise ProblemError(403, "You may not do this.", type="zuil:permission")
    now = datetime.now(UTC)
    if batch.deed is Deed.EVENT:
        if not form.event:
            return _event_page(request, session, acting, form, kiosks)
        batch = replace(
            batch, event=form.event, event_for=kiosks_of(session, form.event, _mine(session, acting))
        )
    results = do_together(session, kiosks, batch, now, staff_id=acting.staff_id)
    batch_id = keep_batch(session, batch.deed, results, now, acting.staff_id, event=batch.event)
    return RedirectResponse(f"{HERE}/samen/{batch_id}?{asked.link()}".rstrip("?"), 303)


@router.get("/samen/{batch_id}")
def show_batch(
    request: Request, session: RequestSession, acting: Commander, batch_id: int, asked: Listed
) -> Response:
    """Show what became of it at each zuil."""
    return page(request, "batches/done.html", asked=asked, **_batch(request, session, acting, batch_id))


@router.get("/samen/{batch_id}/stroom")
def follow_batch(request: Request, session: RequestSession, acting: Commander, batch_id: int) -> Response:
    """Stream how the zuilen confirm it."""
    _batch(request, session, acting, batch_id)

    def render(session: Session) -> dict[str, str]:
        return {
            "gedaan": fragment(request, "batches/_done.html", **_batch(request, session, acting, batch_id))
        }

    return stream(request, render, seconds=LOOK_SECONDS)


@router.get("/lijst.csv")
def download_list(session: RequestSession, acting: Owner, asked: Listed) -> Response:
    """Send the zuilen that were found as a table for a spreadsheet."""
    rows = rows_of(session, acting.card_system_id, asked.zoek)
    return send_table(write_table(rows), "zuilen.csv")


@router.get("/inlezen")
def show_intake(request: Request, _acting: Owner) -> Response:
    """Show the form to take a table in."""
    return _intake_page(request)


@router.post("/inlezen")
def take_in(
    request: Request,
    session: RequestSession,
    acting: Owner,
    file: Annotated[UploadFile | None, File()] = None,
    only_good: Annotated[str, Form()] = "",
) -> Response:
    """Take a table in: all of it or nothing, or its good lines; a report for each line that is not."""
    _ = speak(request)
    content = file.file.read(MOST_BYTES + 1) if file else b""
    try:
        lines = read_table(content)
    except TableError:
        return _intake_page(
            request, error=_("Dit is geen lijst van zuilen: kijk na wat op de eerste lijn staat.")
        )
    if len(content) > MOST_BYTES or not lines:
        return _intake_page(request, error=_("Kies een lijst van 1 tot 5000 zuilen."))
    known = known_to(session, acting.card_system_id, counters_in_reach(session, acting))
    read = read_lines(lines, known)
    is_kept = not read.faults or only_good == "yes"
    counts = do_wishes(session, read.wishes, known, staff_id=acting.staff_id) if is_kept else None
    return _intake_page(request, faults=read.faults, counts=counts, only_good=only_good == "yes")


def _chosen(session: Session, acting: Acting, form: BatchForm) -> Sequence[Kiosk]:
    """Return the zuilen that were meant, one more than allowed at most."""
    found = kiosks_found(acting.card_system_id, form.zoek if form.every == "yes" else "")
    if form.every != "yes":
        found = found.where(col(Kiosk.number).in_(form.kiosk[: MOST + 1]))
    return session.exec(found.limit(MOST + 1)).all()


def _event_page(
    request: Request, session: Session, acting: Acting, form: BatchForm, kiosks: Sequence[Kiosk]
) -> Response:
    """Show the events of the counters of these zuilen, to choose one."""
    numbers = [number_of(kiosk) for kiosk in kiosks]
    stands = select(KioskCounter.counter_id).where(col(KioskCounter.kiosk).in_(numbers))
    mine = _mine(session, acting)
    counters = [one for one in session.exec(stands.distinct()) if one in mine]
    choices = event_choices(session, counters, form.activiteit, datetime.now(UTC))
    return page(request, "batches/event.html", form=form, count=len(kiosks), choices=choices)


def _mine(session: Session, acting: Acting) -> set[int]:
    return {counter.id for counter in counters_in_reach(session, acting) if counter.id is not None}


def _batch(request: Request, session: Session, acting: Acting, batch_id: int) -> dict[str, Any]:
    found = read_progress(session, batch_id, acting.staff_id, datetime.now(UTC))
    if found is None:
        raise ProblemError(404, "There is no such batch of yours.", type="zuil:place")
    _ = speak(request)
    return {
        "batch_id": batch_id,
        "deed": deed_word(_, found.deed),
        "event": found.event,
        "members": found.members[:MOST_SHOWN],
        "rest": max(0, len(found.members) - MOST_SHOWN),
        "counts": {stand.value: found.counts.get(stand, 0) for stand in Stand},
        "stands": stand_words(_),
        "words": became_words(_),
    }


def _read(request: Request, form: BatchForm) -> tuple[Batch | None, dict[str, str]]:
    _ = speak(request)
    if form.deed not in set(Deed):
        return None, {"deed": _("Kies wat er moet gebeuren.")}
    deed, languages = Deed(form.deed), tuple(one for one in LANGUAGES if one in form.language)
    errors = {}
    if deed is Deed.LANGUAGES and not languages:
        errors["language"] = _("Kies minstens één taal.")
    if deed is Deed.MODE and known_mode(form.mode) is None:
        errors["deed"] = _("Kies wat er moet gebeuren.")
    hours = form.hours if form.hours in HOURS_OF_WORK else HOURS_OF_WORK[0]
    return Batch(deed, languages, form.mode, hours, form.reason), errors


def _page(
    request: Request,
    session: Session,
    acting: Acting,
    form: BatchForm,
    *,
    asked: AskedList,
    errors: Mapping[str, str] = _FINE,
) -> Response:
    _ = speak(request)
    modes = [(mode.value, mode_word(_, mode)) for mode in Mode]
    deeds = [(deed.value, deed_word(_, deed)) for deed in Deed if acting.may(permission_for(deed))]
    return page(
        request,
        "batches/together.html",
        status=NEEDS_INPUT if errors else 200,
        found=asked.find(session, acting),
        asked=asked,
        form=form,
        errors=errors,
        deeds=deeds,
        modes=modes,
        hours=HOURS_OF_WORK,
        may_manage=acting.may(Permission.MANAGE_KIOSKS),
    )


def _intake_page(
    request: Request,
    *,
    error: str = "",
    faults: Sequence[tuple[Line, Mapping[Column, Fault]]] = (),
    counts: tuple[int, int] | None = None,
    only_good: bool = False,
) -> Response:
    _ = speak(request)
    return page(
        request,
        "batches/intake.html",
        status=NEEDS_INPUT if error or (faults and counts is None) else 200,
        errors={"file": error} if error else {},
        faults=[
            (
                line.number,
                line[Column.NUMBER],
                line[Column.NAME],
                [
                    (column.value, line[column], fault_sentence(_, found[column], line[column]))
                    for column in Column
                    if column in found
                ],
            )
            for line, found in faults[:MOST_FAULTS]
        ],
        more=max(0, len(faults) - MOST_FAULTS),
        counts=counts,
        skipped=len(faults),
        only_good=only_good,
        columns=column_words(_),
    )
